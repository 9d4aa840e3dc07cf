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

/// Opens the listening sockets of a server.
struct Listener {
    /// Connections that the kernel holds while we are busy: a room full of people that comes back at
    /// once. The system may allow less.
    private static let backlog: Int32 = 4096
    /// Accepted in one go; below `descriptorReserve`, since the cap is looked at in between.
    private static let acceptBurst: UInt = 16
    /// Bytes of one read: what an idle connection's small frames need and no more; it grows.
    private static let readBytes = AdaptiveRecvByteBufferAllocator(
        minimum: 512, initial: 2048, maximum: 64 << 10)
    /// Ciphertext on its way to the kernel before frames wait unencrypted instead, where all that
    /// wait for the same bytes share them.
    private static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(
        low: 64 << 10, high: 256 << 10)

    let acceptLoop: any EventLoop
    let group: any EventLoopGroup
    let gate: NIOLoopBound<AcceptGate>
    let loops: [NIOLoopBound<LoopState>]
    let tls: ServerTLS

    func open(_ listen: ServerConfiguration.Listen) async throws -> any Channel {
        guard let host = listen.host else { return try await openEverywhere(port: listen.port) }
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: listen.port)
        } catch {
            throw ServerError.unknownHost(host)
        }
        return try await bind(address, host: host)
    }

    /// IPv6 and IPv4 on one socket, or IPv4 alone where there is no IPv6.
    private func openEverywhere(port: Int) async throws -> any Channel {
        if let both = try? SocketAddress(ipAddress: "::", port: port) {
            do {
                return try await bind(both, host: "::")
            } catch ServerError.portInUse(let port) {
                throw ServerError.portInUse(port)
            } catch {
                // No IPv6 here.
            }
        }
        return try await bind(try SocketAddress(ipAddress: "0.0.0.0", port: port), host: "0.0.0.0")
    }

    private func bind(_ address: SocketAddress, host: String) async throws -> any Channel {
        do {
            return try await bootstrap(isIPv6: address.protocol == .inet6).bind(to: address).get()
        } catch let error as IOError {
            throw Self.explain(error, host: host, port: address.port ?? 0)
        }
    }

    private func bootstrap(isIPv6: Bool) -> ServerBootstrap {
        let indices = Dictionary(
            uniqueKeysWithValues: loops.enumerated().map {
                (ObjectIdentifier($1.eventLoop), $0)
            })
        let bootstrap = ServerBootstrap(group: acceptLoop, childGroup: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
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
        guard isIPv6 else { return bootstrap }
        let onlyIPv6 = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
        return bootstrap.serverChannelOption(onlyIPv6, value: 0)
    }

    private static func explain(_ error: IOError, host: String, port: Int) -> ServerError {
        switch error.errnoCode {
        case EADDRINUSE: .portInUse(port)
        case EACCES, EPERM: .notPermitted(port)
        case EADDRNOTAVAIL: .addressNotHere(host)
        default: .cannotListen(error.description)
        }
    }
}
