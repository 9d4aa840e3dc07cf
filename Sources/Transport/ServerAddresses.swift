import NIOCore
import NIOPosix
import Synchronization
package import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// All addresses of a server, looked up once: for a process that gives up looking up names, as it
/// does in a sandbox. A server that moves needs a new start.
package final class ServerAddresses: Sendable {
    private let all: [SocketAddress]
    /// Those that answered and then failed; tried again when there are no others left.
    private let failed = Mutex<[SocketAddress]>([])

    /// Asks the system, and waits for its answer.
    package init(of server: ServerAddress) throws(ConnectionError) {
        all = Self.lookUp(server)
        if all.isEmpty { throw .unknownHost(server.host) }
    }

    /// For tests.
    init(_ all: [SocketAddress]) { self.all = all }

    /// The addresses to try now, the best first.
    var candidates: [SocketAddress] {
        failed.withLock { failed in
            let rest = all.filter { !failed.contains($0) }
            if rest.isEmpty { failed = [] }
            return rest.isEmpty ? all : rest
        }
    }

    /// What answers at an address is no server now: the others come first.
    func fail(_ address: SocketAddress?) {
        guard let address, all.contains(address) else { return }
        failed.withLock { $0.append(address) }
    }

    private static func lookUp(_ server: ServerAddress) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(server.host, String(server.port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = address(entry), !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> SocketAddress? {
        let memory = UnsafeRawPointer(entry.ai_addr)
        switch entry.ai_family {
        case AF_INET: return memory.map { SocketAddress($0.loadUnaligned(as: sockaddr_in.self)) }
        case AF_INET6: return memory.map { SocketAddress($0.loadUnaligned(as: sockaddr_in6.self)) }
        default: return nil
        }
    }
}

/// Answers what was looked up earlier.
struct KnownAddresses: Resolver {
    let addresses: [SocketAddress]
    let eventLoop: any EventLoop

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(addresses.filter { $0.protocol == .inet })
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(addresses.filter { $0.protocol == .inet6 })
    }

    func cancelQueries() {}
}
