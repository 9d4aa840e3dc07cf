import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TLSSyntax
import Testing
import Transport
import Wire

@testable import Server

/// A connection over real TLS that says what it is told, right or wrong.
final class TestClient: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>
    /// How long an answer may take before a test fails: far longer than any takes.
    private static let patience = TimeAmount.seconds(20)

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects and waits for TLS.
    static func connect(
        _ address: SocketAddress, maximumTLS: TLSVersion? = nil,
        protocols: [String] = [FrameLimits.applicationProtocol]
    ) async throws -> TestClient {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.maximumTLSVersion = maximumTLS
        configuration.applicationProtocols = protocols
        let context = try NIOSSLContext(configuration: configuration)
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
        let client = try await bootstrap.connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                let inbox = Inbox(ready: channel.eventLoop.makePromise())
                try channel.pipeline.syncOperations.addHandlers(
                    NIOSSLClientHandler(context: context, serverHostname: nil), inbox)
                return TestClient(
                    channel: channel, inbox: NIOLoopBound(inbox, eventLoop: channel.eventLoop))
            }
        }
        try await client.channel.eventLoop.flatSubmit { client.inbox.value.ready.futureResult }
            .get()
        return client
    }

    // MARK: Out

    func send(_ frames: ClientFrame...) async throws {
        var buffer = ByteBuffer()
        for frame in frames { buffer.writeFrame(frame) }
        try await channel.writeAndFlush(buffer)
    }

    func send(bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Sends without waiting whether it arrives.
    func sendLoosely(bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func closeOutput() async throws { try await channel.close(mode: .output) }

    /// Breaks the connection off, without TLS's goodbye.
    func breakOff() async {
        try? await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                .close(promise: nil)
        }.get()
        try? await channel.closeFuture.get()
    }

    func close() async { try? await channel.close() }

    /// Stops or goes on reading from the network.
    func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
        if isReading { channel.read() }
    }

    // MARK: In

    /// The next frame; nil when the server closed.
    func next() async throws -> ServerFrame? {
        try await channel.eventLoop.flatSubmit { [inbox] in
            inbox.value.frame(patience: Self.patience)
        }.get()
    }

    /// The next frame that is not about presence.
    func nextWord() async throws -> ServerFrame? {
        while let frame = try await next() {
            if case .presence = frame { continue }
            return frame
        }
        return nil
    }

    /// Exactly so many bytes, after a splice; fewer when the other end is done.
    func bytes(_ count: Int) async throws -> ByteBuffer {
        try await channel.eventLoop.flatSubmit { [inbox] in
            inbox.value.bytes(count, patience: Self.patience)
        }.get()
    }

    /// Waits until the server has closed; gives the last frame.
    @discardableResult
    func end() async throws -> ServerFrame? {
        var last: ServerFrame?
        while let frame = try await next() { last = frame }
        return last
    }
}

/// What came, and who waits for it.
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

struct TestTimeout: Error {}
struct Unexpected: Error { var frame: ServerFrame? }

// MARK: Steps of the protocol

extension TestClient {
    /// Says hello; gives the server's answer.
    func hello() async throws -> ServerFrame.ServerHello {
        try await send(.hello(.init(agent: Array("test".utf8))))
        let frame = try await next()
        guard case .challenge(let hello)? = frame else { throw Unexpected(frame: frame) }
        return hello
    }

    /// Says hello and attaches.
    @discardableResult
    func attach(
        _ access: AccessKey, _ server: TestServer, resume: ClientFrame.Resume? = nil
    ) async throws -> ServerFrame.Attached {
        let hello = try await hello()
        let proof = try access.prove(
            .attach, challenge: hello.challenge, server: server.server.keyHash)
        try await send(.attach(.init(proof: proof, resume: resume)))
        let frame = try await next()
        guard case .attached(let attached)? = frame else { throw Unexpected(frame: frame) }
        return attached
    }

    /// Says hello and shows a token.
    func transfer(
        _ access: AccessKey, _ server: TestServer, token: TransferToken
    ) async throws {
        let hello = try await hello()
        let proof = try access.prove(
            .transfer(token), challenge: hello.challenge, server: server.server.keyHash)
        try await send(.transfer(.init(proof: proof, token: token)))
    }

    func say(_ text: String, id: UInt128) async throws {
        try await send(
            .append(.init(id: AppendID(number: id), kind: .message, payload: Array(text.utf8))))
    }

    func commit(_ text: String, id: UInt128, epoch: UInt64) async throws {
        try await send(
            .append(
                .init(
                    id: AppendID(number: id), kind: .commit, epoch: epoch,
                    payload: Array(text.utf8))))
    }

    /// The next word must be an entry; gives its text.
    func nextText() async throws -> String {
        let frame = try await nextWord()
        guard case .entry(let entry)? = frame else { throw Unexpected(frame: frame) }
        return String(decoding: entry.payload, as: UTF8.self)
    }

    /// The next word must be an `appended`.
    @discardableResult
    func nextAppended() async throws -> ServerFrame.Appended {
        let frame = try await nextWord()
        guard case .appended(let appended)? = frame else { throw Unexpected(frame: frame) }
        return appended
    }
}

/// A server on a free port of the loopback interface.
struct TestServer: Sendable {
    let server: ChatServer
    let address: SocketAddress

    private static let certificate = Result { try ServerCertificate.temporary() }

    /// Limits with times that a test need not wait long for.
    static var quickLimits: ServerLimits {
        var limits = ServerLimits()
        limits.connectionsPerAddress = 5_000
        limits.sweepInterval = .milliseconds(20)
        return limits
    }

    static func with<Result>(
        limits: ServerLimits = quickLimits, store: (any RoomStore)? = nil,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try ChatServer(
            configuration: ServerConfiguration(
                listen: [.init(host: "127.0.0.1", port: 0)], certificate: try certificate.get(),
                agent: "test", limits: limits, logger: logger, group: group, store: store))
        let addresses = try await server.start()
        let address = try #require(addresses.first)
        do {
            let result = try await body(TestServer(server: server, address: address))
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    func connect() async throws -> TestClient { try await TestClient.connect(address) }

    /// Connects and attaches.
    func join(
        _ access: AccessKey, resume: ClientFrame.Resume? = nil
    ) async throws -> (TestClient, ServerFrame.Attached) {
        let client = try await connect()
        return (client, try await client.attach(access, self, resume: resume))
    }
}

extension ServerFrame.Attached {
    func resume(after sequence: UInt64? = nil) -> ClientFrame.Resume {
        .init(
            attachment: attachment, token: token,
            after: Position(log: position.log, sequence: sequence ?? position.sequence))
    }
}
