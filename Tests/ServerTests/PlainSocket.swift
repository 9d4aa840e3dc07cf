import NIOCore
import NIOPosix

/// A TCP connection without TLS.
struct PlainSocket: Sendable {
    let channel: any Channel

    static func connect(_ address: SocketAddress) async throws -> PlainSocket {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address).get()
        return PlainSocket(channel: channel)
    }
}
