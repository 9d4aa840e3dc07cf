import NIOCore
import NIOPosix
import Transport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Accepts connections at the listening sockets of a server.
struct Listener {
    /// Accepted in one go; below `descriptorReserve`, since the cap is looked at in between.
    private static let acceptBurst: UInt = 16
    /// Bytes of one read: what an idle connection's small frames need and no more; it grows.
    private static let readBytes = AdaptiveRecvByteBufferAllocator(
        minimum: 512, initial: 2048, maximum: 64 << 10)
    /// Ciphertext on its way to the kernel before frames wait unencrypted instead, where all that
    /// wait for the same bytes share them.
    /// That is each connection's own, so it is little; it is more than one write takes
    /// (`Outbox.writeSize`), so that a write alone does not stop the next.
    private static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(
        low: 64 << 10, high: 128 << 10)

    let acceptLoop: any EventLoop
    let group: any EventLoopGroup
    let gate: NIOLoopBound<AcceptGate>
    let loops: [NIOLoopBound<LoopState>]
    let tls: ServerTLS

    /// Accepts at a socket that listens already, and owns it from now on.
    func accept(at socket: ListeningSocket) async throws -> any Channel {
        let descriptor = socket.take()
        do {
            let channel = try await bootstrap().withBoundSocket(descriptor).get()
            // NIO has made the queue its own length.
            _ = listen(descriptor, ListeningSocket.backlog)
            return channel
        } catch let error as IOError {
            throw ServerError.cannotListen(error.description)
        }
    }

    private func bootstrap() -> ServerBootstrap {
        let indices = Dictionary(
            uniqueKeysWithValues: loops.enumerated().map {
                (ObjectIdentifier($1.eventLoop), $0)
            })
        return ServerBootstrap(group: acceptLoop, childGroup: group)
            .serverChannelOption(.maxMessagesPerRead, value: Self.acceptBurst)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: Self.readBytes)
            .childChannelOption(.writeBufferWaterMark, value: Self.writeMarks)
            .serverChannelInitializer { [gate] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptHandler(gate: gate.value))
                }
            }
            .childChannelInitializer { [loops, tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let index = indices[ObjectIdentifier(channel.eventLoop)] else {
                        throw ChannelError.operationUnsupported
                    }
                    // Accepted while the server stopped: nobody would look at its deadline.
                    guard !loops[index].value.isStopping else { throw ChannelError.eof }
                    try channel.pipeline.syncOperations.addHandlers(
                        tls.makeHandler(), Connection(loop: loops[index].value))
                }
            }
    }
}
