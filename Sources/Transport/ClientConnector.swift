package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
package import Wire

/// Connects to one server over TLS 1.3.
package struct ClientConnector: Connector {
    /// How long one address may take to answer.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// How long TLS may take once the other end has answered.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// How long the other end of a transfer may take to come.
    private static let spliceTimeout = TimeAmount.seconds(40)
    /// Bytes under way to the network before a sender waits: keeps a fast link busy, and memory flat.
    private static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(
        low: 128 << 10, high: 512 << 10)

    private let address: ServerAddress
    private let tls: ClientTLS
    private let group: (any EventLoopGroup)?
    private let agent: String
    private let addresses: ServerAddresses?

    /// Starts no thread and reads what TLS needs of the disk.
    ///
    /// - Parameters:
    ///   - trust: how to know the server; nil to accept any key, which the caller then shows.
    ///   - agent: program and version, told to the server by transfer connections.
    ///   - addresses: where the server is; nil to look its name up at every connection.
    ///   - keyLog: where the connections' TLS secrets are written, if they are.
    ///   - group: nil for the process's own, whose threads start with the first connection.
    package init(
        address: ServerAddress, trust: Link.Trust?, agent: String,
        addresses: ServerAddresses? = nil, keyLog: KeyLog? = nil,
        group: (any EventLoopGroup)? = nil
    ) throws {
        self.address = address
        self.agent = agent
        self.addresses = addresses
        self.group = group
        tls = try ClientTLS(host: address.host, trust: trust, keyLog: keyLog)
    }

    package func withLink<Result: Sendable>(
        _ body: @Sendable (any FrameLink) async throws -> Result
    ) async throws -> Result {
        try await withConnection { try await body(NIOFrameLink(link: $0)) }
    }

    package func withTransfer<Result: Sendable>(
        token: TransferToken, access: AccessKey,
        _ body: @Sendable (any ByteLink) async throws -> Result
    ) async throws -> Result {
        try await withConnection { link in
            let deadline = link.channel.eventLoop.scheduleTask(in: Self.spliceTimeout) {
                link.channel.close(promise: nil)
            }
            defer { deadline.cancel() }
            try await TransferHandshake(link: NIOFrameLink(link: link), agent: agent)
                .perform(token: token, access: access)
            deadline.cancel()
            return try await body(NIOByteLink(link: link))
        }
    }

    /// Connects, waits for TLS, runs `body` and closes; pending writes are flushed before the close.
    ///
    /// What `body` throws for reasons of its own (a full disk) comes out as it is.
    private func withConnection<Result: Sendable>(
        _ body: @Sendable (ClientLink) async throws -> Result
    ) async throws -> Result {
        let link = try await connect()
        do {
            let result = try await body(link)
            try? await link.channel.close()
            return result
        } catch {
            // What the body throws of its own is the caller's: a full disk is no lost connection.
            try? await link.channel.close()
            throw error
        }
    }

    private func connect() async throws -> ClientLink {
        let opened = try await openChannel()
        let channel = opened.channel
        let remote = channel.remoteAddress
        return try await withTaskCancellationHandler {
            do {
                let deadline = channel.eventLoop.scheduleTask(in: handshakeTimeout) {
                    opened.handler.value.fail(ConnectionError.timeout)
                }
                defer { deadline.cancel() }
                try await opened.ready.get()
                let certificate = try await channel.nioSSL_peerCertificate().get()
                guard let certificate else { throw ConnectionError.handshake("no certificate") }
                return ClientLink(
                    channel: channel, handler: opened.handler, tls: tls,
                    serverKey: try ClientTLS.keyHash(of: certificate))
            } catch {
                try? await channel.close()
                addresses?.fail(remote)
                throw tls.connectionError(for: error)
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private struct Opened: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<ClientLinkHandler>
        let ready: EventLoopFuture<Void>
    }

    /// The channels that a connect tries, one for each address of the host; the first to answer is
    /// taken. By then it may be closed again and without its handlers, which is why they are here.
    private final class Candidates: Sendable {
        private let all = Mutex<[Opened]>([])

        func add(_ one: Opened) { all.withLock { $0.append(one) } }

        func take(_ channel: any Channel) -> Opened? {
            all.withLock { all in
                defer { all = [] }
                return all.first { $0.channel === channel }
            }
        }
    }

    private func openChannel() async throws -> Opened {
        let candidates = Candidates()
        let loop = (group ?? MultiThreadedEventLoopGroup.singleton).next()
        let known = addresses.map { KnownAddresses(addresses: $0.candidates, eventLoop: loop) }
        let connecting = ClientBootstrap(group: loop)
            .resolver(known)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: Self.writeMarks)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Made first: it throws, and a promise must not be left behind.
                    let security = try tls.makeHandler()
                    let handler = ClientLinkHandler(ready: channel.eventLoop.makePromise())
                    candidates.add(
                        Opened(
                            channel: channel,
                            handler: NIOLoopBound(handler, eventLoop: channel.eventLoop),
                            ready: handler.ready.futureResult))
                    try channel.pipeline.syncOperations.addHandlers(security, handler)
                }
            }
            .connect(host: address.host, port: Int(address.port))
        do {
            let channel = try await connecting.getUnlessCancelled()
            guard let opened = candidates.take(channel) else { throw ConnectionError.lost }
            return opened
        } catch let error as CancellationError {
            throw error
        } catch let error as NIOConnectionError where error.connectionErrors.isEmpty {
            // Nothing was tried: there was no address.
            throw ConnectionError.unknownHost(address.host)
        } catch {
            throw ConnectionError.unreachable(address.text)
        }
    }
}

extension EventLoopFuture<any Channel> {
    /// Waits for a channel; a cancelled task waits no longer, and closes a channel that comes.
    fileprivate func getUnlessCancelled() async throws -> any Channel {
        let promise = eventLoop.makePromise(of: (any Channel).self)
        cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
            whenSuccess { $0.close(promise: nil) }
        }
    }
}

/// What comes before the bytes on a transfer connection.
struct TransferHandshake {
    let link: any FrameLink
    let agent: String

    func perform(token: TransferToken, access: AccessKey) async throws {
        try await link.send([.hello(.init(agent: Array(agent.utf8)))])
        guard case .challenge(let hello) = try await nextFrame() else {
            throw ConnectionError.protocolViolation
        }
        let proof = try access.prove(
            .transfer(token), challenge: hello.challenge, server: link.serverKey)
        try await link.send([.transfer(.init(proof: proof, token: token))])
        guard case .spliced = try await nextFrame() else {
            throw ConnectionError.protocolViolation
        }
    }

    private func nextFrame() async throws -> ServerFrame {
        guard let frames = try await link.receive() else { throw ConnectionError.lost }
        guard frames.count == 1, let frame = frames.first else {
            throw ConnectionError.protocolViolation
        }
        if case .goodbye(let reason) = frame { throw ConnectionError.goodbye(reason) }
        return frame
    }
}
