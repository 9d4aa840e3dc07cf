package import NIOCore
import NIOPosix

/// A server of the original protocol. Insecure: it sends the key to whoever connects.
package struct ClassicServer: Sendable {
    /// What an operator is told.
    package enum Event: Hashable, Sendable {
        /// Somebody came; so many are here now.
        case came(count: Int)
        /// Somebody left or was cut off; so many are here now.
        case left(count: Int)
        /// Somebody was cut off, and why.
        case cutOff(Reason)
        /// Somebody was turned away: the server is full.
        case turnedAway

        package enum Reason: Sendable {
            /// What they sent is not the protocol, or too long.
            case violation
            /// They read nothing for `ClassicLimits.patience` seconds.
            case slow
            /// Their unfinished message was the largest when there was no room left for all.
            case crowded
        }
    }

    /// Connections that the kernel holds until we take them.
    private static let backlog: Int32 = 64

    /// The port it listens at.
    package let port: Int
    private let listener: any Channel
    private let hall: NIOLoopBound<ClassicHall>

    /// Where it listens.
    package enum Place: Sendable {
        /// Port 0 takes a free one.
        case address(host: String, port: Int)
        /// A socket that listens already; it is closed with the server.
        case descriptor(Int32)
    }

    /// Starts listening. One event loop does it all.
    ///
    /// - Parameters:
    ///   - keyNumber: the number that every client is sent.
    ///   - report: called on the event loop.
    package static func start(
        at place: Place, keyNumber: UInt8, limits: Limits = Limits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        report: @escaping @Sendable (Event) -> Void
    ) async throws(ClassicError) -> ClassicServer {
        let loop = group.next()
        do {
            let hall = try await loop.submit {
                NIOLoopBound(
                    ClassicHall(number: keyNumber, limits: limits, loop: loop, report: report),
                    eventLoop: loop)
            }.get()
            let bootstrap = ServerBootstrap(group: loop)
                .serverChannelOption(.backlog, value: backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(
                    .writeBufferWaterMark,
                    value: .init(low: limits.maximumWaiting / 2, high: limits.maximumWaiting)
                )
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ClassicGuest(channel: channel, hall: hall.value))
                    }
                }
            let listener =
                switch place {
                case .address(let host, let port):
                    try await bootstrap.bind(host: host, port: port).get()
                case .descriptor(let number): try await bootstrap.withBoundSocket(number).get()
                }
            return ClassicServer(
                port: listener.localAddress?.port ?? 0, listener: listener, hall: hall)
        } catch let error as IOError {
            throw .cannotListen(String(describing: error))
        } catch {
            throw .cannotListen("there is no such address")
        }
    }

    /// Ends: every client's connection is reset, which is what ends them at once.
    package func stop() async {
        try? await listener.close()
        try? await listener.eventLoop.submit { [hall] in hall.value.close() }.get()
    }

    /// What a server may be given otherwise than `ClassicLimits` says; for tests.
    package struct Limits: Sendable {
        package var maximumClients = ClassicLimits.maximumClients
        package var maximumUnfinished = ClassicLimits.maximumUnfinished
        package var maximumWaiting = ClassicLimits.maximumWaiting
        package var patience = TimeAmount.seconds(ClassicLimits.patience)

        package init() {}
    }
}
