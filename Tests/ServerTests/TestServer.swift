import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing
import Transport
import Wire

@testable import Server

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
        return (client, try await client.attach(access, resume: resume))
    }
}

extension ServerFrame.Attached {
    func resume(after sequence: UInt64? = nil) -> ClientFrame.Resume {
        .init(
            attachment: attachment, token: token,
            after: Position(log: position.log, sequence: sequence ?? position.sequence))
    }
}
