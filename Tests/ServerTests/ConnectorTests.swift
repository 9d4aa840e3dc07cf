import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TestSupport
import Testing
import Transport
import Wire

@testable import Server

@Suite("What a client is told of a server", .oneAtATime) struct ConnectorTests {
    private func connector(
        _ address: SocketAddress, host: String = "127.0.0.1", trust: Link.Trust? = nil
    ) throws -> ClientConnector {
        try ClientConnector(
            address: ServerAddress(host: host, port: UInt16(try #require(address.port))),
            trust: trust, agent: "test")
    }

    private func failure(_ connector: ClientConnector) async -> (any Error)? {
        do {
            try await connector.withLink { _ in }
            return nil
        } catch {
            return error
        }
    }

    /// A listener that treats each connection as `body` says.
    private func withListener(
        _ body: @escaping @Sendable (any Channel) throws -> Void,
        _ test: (SocketAddress) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try body(channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listener.localAddress)
        do { try await test(address) } catch {
            try? await listener.close()
            throw error
        }
        try await listener.close()
    }

    private struct OwnFailure: Error {}

    @Test("what goes wrong at an end itself comes out as it is", .timeLimit(.minutes(1)))
    func ownFailure() async throws {
        try await TestServer.with { server in
            let connector = try connector(server.address)
            let access = RoomSecret().accessKey
            let token = TransferToken.random()
            async let other: Void? = try? connector.withTransfer(token: token, access: access) {
                _ = try await $0.receive()
            }
            await #expect(throws: OwnFailure.self) {
                try await connector.withTransfer(token: token, access: access) { _ in
                    throw OwnFailure()
                }
            }
            _ = await other
            await #expect(throws: OwnFailure.self) {
                try await connector.withLink { _ in throw OwnFailure() }
            }
        }
    }

    @Test("a wrong key, a closed port and an unknown host are told apart", .timeLimit(.minutes(1)))
    func told() async throws {
        var address: SocketAddress?
        try await TestServer.with { server in
            address = server.address
            let pin = ServerPin(bytes: [UInt8](repeating: 1, count: ServerPin.size))
            let wrong = await failure(try connector(server.address, trust: .pin(pin)))
            #expect(wrong as? ConnectionError == .wrongServer)
            // An address has no name to be asked for, but may have a certificate.
            let own = await failure(try connector(server.address, trust: .publicAuthority))
            #expect(own as? ConnectionError == .untrustedCertificate)
        }
        let closed = try #require(address)
        let refused = await failure(try connector(closed)) as? ConnectionError
        #expect(refused == .unreachable("127.0.0.1:\(closed.port ?? 0)"))
        let unknown = await failure(try connector(closed, host: unknownHost))
        #expect(unknown as? ConnectionError == .unknownHost(unknownHost))
    }

    @Test("a server that says nothing is too late", .timeLimit(.minutes(1)))
    func silent() async throws {
        try await withListener({ _ in }) { address in
            var connector = try connector(address)
            connector.handshakeTimeout = .milliseconds(200)
            #expect(await failure(connector) as? ConnectionError == .timeout)
        }
    }

    @Test("a server of something else, an old one and a broken one", .timeLimit(.minutes(1)))
    func others() async throws {
        func isHandshake(_ error: (any Error)?) -> Bool {
            if case .handshake? = error as? ConnectionError { true } else { false }
        }
        try await withListener({ channel in
            channel.writeAndFlush(
                ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"), promise: nil)
        }) { address in
            let error = await failure(try connector(address))
            #expect(isHandshake(error))
        }
        let certificate = try ServerCertificate.temporary()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificate.chain.map { .certificate($0) },
            privateKey: .privateKey(certificate.key))
        let https = try NIOSSLContext(configuration: configuration)
        configuration.maximumTLSVersion = .tlsv12
        let old = try NIOSSLContext(configuration: configuration)
        for context in [https, old] {
            try await withListener({
                try $0.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            }) { address in
                let error = await failure(try connector(address))
                #expect(isHandshake(error))
            }
        }
    }

    /// A server does so while it restarts or has too much to do, and a proxy with nothing behind it.
    @Test("a connection that is closed in the handshake is lost", .timeLimit(.minutes(1)))
    func closedInHandshake() async throws {
        let listeners: [@Sendable (any Channel) throws -> Void] = [
            { $0.close(promise: nil) },
            { try $0.pipeline.syncOperations.addHandler(CloserAfterHello(isReset: false)) },
            { try $0.pipeline.syncOperations.addHandler(CloserAfterHello(isReset: true)) },
        ]
        for (number, listener) in listeners.enumerated() {
            try await withListener(listener) { address in
                let error = await failure(try connector(address)) as? ConnectionError
                #expect(error == .lost, "listener \(number)")
            }
        }
    }

    @Test("a server that no longer listens is not waited for long", .timeLimit(.minutes(1)))
    func deaf() async throws {
        let tls = try ServerTLS(certificate: try ServerCertificate.temporary())
        try await withListener({
            try $0.pipeline.syncOperations.addHandlers(tls.makeHandler(), DeafAfterHandshake())
        }) { address in
            let start = ContinuousClock.now
            let frames = try await connector(address).withLink { try await $0.receive() }
            #expect(frames == [.pong(1)])
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test("a connect that nobody answers ends when it is cancelled", .timeLimit(.minutes(1)))
    func cancelled() async throws {
        // A listener whose queue is full: what comes now is not answered at all.
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 0)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listener.localAddress)
        var isFull = false
        while !isFull {
            do {
                _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.milliseconds(200)).connect(to: address).get()
            } catch {
                isFull = true
            }
        }
        let connector = try connector(address)
        let start = ContinuousClock.now
        let task = Task { try await connector.withLink { _ in } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(3))
        try await listener.close()
    }
}

/// Once TLS is agreed on, says one word and reads no more.
private final class DeafAfterHandshake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        context.writeAndFlush(wrapOutboundOut(FrameEncoder.frame(.pong(1))), promise: nil)
    }
}

/// Closes as soon as the client has said anything.
private final class CloserAfterHello: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let isReset: Bool

    init(isReset: Bool) { self.isReset = isReset }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isReset, let channel = context.channel as? any SocketOptionProvider {
            channel.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        context.close(promise: nil)
    }
}
