package import NIOCore
import NIOPosix
package import NIOSSL
import TLSSyntax
import Transport
package import Wire

/// A connection over real TLS that says what it is told, right or wrong.
package final class TestClient: Sendable {
    private let channel: any Channel
    /// The key that the server showed in TLS.
    package let serverKey: ServerKeyHash
    private let inbox: NIOLoopBound<Inbox>
    /// How long an answer may take before a test fails: far longer than any takes.
    private static let patience = TimeAmount.seconds(20)

    private init(channel: any Channel, serverKey: ServerKeyHash, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.serverKey = serverKey
        self.inbox = inbox
    }

    /// Connects and waits for TLS.
    ///
    /// - Parameters:
    ///   - receiveBuffer: bytes that the kernel keeps for a client that does not read.
    ///   - source: the address of this machine that it comes from; all of 127.0.0.0/8 are.
    package static func connect(
        _ address: SocketAddress, maximumTLS: TLSVersion? = nil,
        protocols: [String] = [FrameLimits.applicationProtocol], receiveBuffer: Int? = nil,
        source: String? = nil
    ) async throws -> TestClient {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.maximumTLSVersion = maximumTLS
        configuration.applicationProtocols = protocols
        let context = try NIOSSLContext(configuration: configuration)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(
                .socketOption(.so_rcvbuf), value: SocketOptionValue(receiveBuffer))
        }
        if let source {
            bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0))
        }
        let (channel, inbox) = try await bootstrap.connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                let inbox = Inbox(ready: channel.eventLoop.makePromise())
                try channel.pipeline.syncOperations.addHandlers(
                    NIOSSLClientHandler(context: context, serverHostname: nil), inbox)
                return (channel, NIOLoopBound(inbox, eventLoop: channel.eventLoop))
            }
        }
        try await channel.eventLoop.flatSubmit {
            let ready = inbox.value.ready
            let deadline = channel.eventLoop.scheduleTask(in: Self.patience) {
                ready.fail(TestTimeout())
            }
            return ready.futureResult.always { _ in deadline.cancel() }
        }.get()
        guard let certificate = try await channel.nioSSL_peerCertificate().get() else {
            throw Unexpected(frame: nil)
        }
        let key = ServerKeyHash(ofPublicKey: try certificate.extractPublicKey().toSPKIBytes())
        return TestClient(channel: channel, serverKey: key, inbox: inbox)
    }

    // MARK: Out

    package func send(_ frames: ClientFrame...) async throws {
        var buffer = ByteBuffer()
        for frame in frames { buffer.writeFrame(frame) }
        try await channel.writeAndFlush(buffer)
    }

    package func send(bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Sends without waiting whether it arrives.
    package func sendLoosely(bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    package func closeOutput() async throws { try await channel.close(mode: .output) }

    /// Breaks the connection off, without TLS's goodbye.
    package func breakOff() async {
        try? await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                .close(promise: nil)
        }.get()
        try? await channel.closeFuture.get()
    }

    package func close() async { try? await channel.close() }

    /// Stops or goes on reading from the network.
    package func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
        if isReading { channel.read() }
    }

    // MARK: In

    /// The next frame; nil when the server closed.
    package func next() async throws -> ServerFrame? {
        try await channel.eventLoop.flatSubmit { [inbox] in
            inbox.value.frame(patience: Self.patience)
        }.get()
    }

    /// The next frame that is not about presence.
    package func nextWord() async throws -> ServerFrame? {
        while let frame = try await next() {
            if case .presence = frame { continue }
            return frame
        }
        return nil
    }

    /// Exactly so many bytes, after a splice; fewer when the other end is done.
    package func bytes(_ count: Int) async throws -> ByteBuffer {
        try await channel.eventLoop.flatSubmit { [inbox] in
            inbox.value.bytes(count, patience: Self.patience)
        }.get()
    }

    /// Waits until the server has closed; gives the last frame.
    @discardableResult
    package func end() async throws -> ServerFrame? {
        var last: ServerFrame?
        while let frame = try await next() { last = frame }
        return last
    }
}

/// What came, and the one call that waits for it.
private final class Inbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let ready: EventLoopPromise<Void>
    private var parser = FrameParser(limit: FrameLimits.maximumBody)
    private var isEnded = false
    private var waiting: (() -> Bool)?

    init(ready: EventLoopPromise<Void>) { self.ready = ready }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if String(describing: event).contains("handshakeCompleted") { ready.succeed() }
        if event as? ChannelEvent == .inputClosed { end() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data))
        serve()
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.fail(error)
        end()
        context.close(promise: nil)
    }

    private func end() {
        ready.fail(ChannelError.eof)
        isEnded = true
        serve()
    }

    private func serve() { if waiting?() == true { waiting = nil } }

    func frame(patience: TimeAmount) -> EventLoopFuture<ServerFrame?> {
        wait(patience) { [self] in
            if let body = try parser.next() { return .some(try body.decodeFrame()) }
            return isEnded ? .some(nil) : nil
        }
    }

    func bytes(_ count: Int, patience: TimeAmount) -> EventLoopFuture<ByteBuffer> {
        var all = ByteBuffer()
        return wait(patience) { [self] in
            if var rest = parser.takeRest() {
                if let part = rest.readSlice(
                    length: min(rest.readableBytes, count - all.readableBytes))
                {
                    all.writeImmutableBuffer(part)
                }
                if rest.readableBytes > 0 { parser.append(rest) }
            }
            return all.readableBytes == count || isEnded ? all : nil
        }
    }

    private func wait<Value: Sendable>(
        _ patience: TimeAmount, for value: @escaping () throws -> Value?
    ) -> EventLoopFuture<Value> {
        let loop = ready.futureResult.eventLoop
        let promise = loop.makePromise(of: Value.self)
        let deadline = loop.scheduleTask(in: patience) { promise.fail(TestTimeout()) }
        waiting = {
            do {
                guard let value = try value() else { return false }
                promise.succeed(value)
            } catch {
                promise.fail(error)
            }
            deadline.cancel()
            return true
        }
        serve()
        return promise.futureResult
    }
}

/// No answer came in time.
package struct TestTimeout: Error {}

/// The server said something else than the protocol lets expect.
package struct Unexpected: Error {
    package var frame: ServerFrame?

    package init(frame: ServerFrame?) { self.frame = frame }
}

// MARK: Steps of the protocol

extension TestClient {
    /// Says hello; gives the server's answer.
    package func hello() async throws -> ServerFrame.ServerHello {
        try await send(.hello(.init(agent: Array("test".utf8))))
        let frame = try await next()
        guard case .challenge(let hello)? = frame else { throw Unexpected(frame: frame) }
        return hello
    }

    /// Says hello and attaches.
    @discardableResult
    package func attach(
        _ access: AccessKey, resume: ClientFrame.Resume? = nil
    ) async throws -> ServerFrame.Attached {
        let hello = try await hello()
        let proof = try access.prove(.attach, challenge: hello.challenge, server: serverKey)
        try await send(.attach(.init(proof: proof, resume: resume)))
        let frame = try await next()
        guard case .attached(let attached)? = frame else { throw Unexpected(frame: frame) }
        return attached
    }

    /// Says hello and shows a token.
    package func transfer(_ access: AccessKey, token: TransferToken) async throws {
        let hello = try await hello()
        let proof = try access.prove(
            .transfer(token), challenge: hello.challenge, server: serverKey)
        try await send(.transfer(.init(proof: proof, token: token)))
    }

    package func say(_ text: String, id: UInt128) async throws {
        try await send(
            .append(.init(id: AppendID(number: id), kind: .message, payload: Array(text.utf8))))
    }

    package func commit(_ text: String, id: UInt128, epoch: UInt64) async throws {
        try await send(
            .append(
                .init(
                    id: AppendID(number: id), kind: .commit, epoch: epoch,
                    payload: Array(text.utf8))))
    }

    /// The next word must be an entry; gives its text.
    package func nextText() async throws -> String {
        let frame = try await nextWord()
        guard case .entry(let entry)? = frame else { throw Unexpected(frame: frame) }
        return String(decoding: entry.payload, as: UTF8.self)
    }

    /// The next word must be an `appended`.
    @discardableResult
    package func nextAppended() async throws -> ServerFrame.Appended {
        let frame = try await nextWord()
        guard case .appended(let appended)? = frame else { throw Unexpected(frame: frame) }
        return appended
    }
}
