package import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A socket that listens and is not accepted from yet: what a process opens while it may, for a
/// server that it starts when it may no longer.
package final class ListeningSocket: Sendable {
    /// Connections that the kernel holds while we are busy: a room full of people that comes back at
    /// once. The system may allow less.
    static let backlog: Int32 = 4096

    /// Where it listens, with the port that was taken.
    package let address: SocketAddress
    private let descriptor: Mutex<Int32>

    /// Opens it at once, on the calling thread, which may wait for a name to be looked up.
    package convenience init(_ listen: ServerConfiguration.Listen) throws(ServerError) {
        guard let host = listen.host else {
            try self.init(everywhere: listen.port)
            return
        }
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: listen.port)
        } catch {
            throw .unknownHost(host)
        }
        try self.init(address, host: host)
    }

    /// IPv6 and IPv4 on one socket, or IPv4 alone where there is no IPv6.
    private convenience init(everywhere port: Int) throws(ServerError) {
        do throws(ServerError) {
            try self.init(Self.address("::", port), host: "::")
        } catch .portInUse(let port) {
            throw .portInUse(port)
        } catch {
            // No IPv6 here.
            try self.init(Self.address("0.0.0.0", port), host: "0.0.0.0")
        }
    }

    private static func address(_ ip: String, _ port: Int) throws(ServerError) -> SocketAddress {
        do {
            return try SocketAddress(ipAddress: ip, port: port)
        } catch {
            throw .unknownHost(ip)
        }
    }

    private init(_ address: SocketAddress, host: String) throws(ServerError) {
        let number = Self.listening(at: address)
        guard number >= 0 else {
            throw Self.explain(-number, host: host, port: address.port ?? 0)
        }
        descriptor = Mutex(number)
        self.address = Self.bound(number, or: address)
    }

    deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

    /// Gives the descriptor away.
    package func take() -> Int32 {
        descriptor.withLock { number in
            defer { number = -1 }
            return number
        }
    }

    /// - Returns: a descriptor, or an error number below 0.
    private static func listening(at address: SocketAddress) -> Int32 {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let isIPv6 = address.protocol == .inet6
        let number = socket(isIPv6 ? AF_INET6 : AF_INET, stream, 0)
        guard number >= 0 else { return -errno }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        set(SO_REUSEADDR, at: SOL_SOCKET, of: number, to: 1)
        if isIPv6 { set(IPV6_V6ONLY, at: Int32(IPPROTO_IPV6), of: number, to: 0) }
        let isBound = address.withSockAddr { bind(number, $0, socklen_t($1)) == 0 }
        if isBound, listen(number, backlog) == 0 { return number }
        defer { close(number) }
        return -errno
    }

    private static func set(_ option: Int32, at level: Int32, of number: Int32, to value: Int32) {
        var value = value
        setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func bound(_ number: Int32, or wanted: SocketAddress) -> SocketAddress {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let found = withUnsafeMutableBytes(of: &storage) { bytes -> UInt16? in
            guard
                let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                getsockname(number, address, &size) == 0
            else { return nil }
            // The port has the same place for IPv4 and IPv6.
            return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
        var address = wanted
        if let found { address.port = Int(found) }
        return address
    }

    private static func explain(_ code: Int32, host: String, port: Int) -> ServerError {
        switch code {
        case EADDRINUSE: .portInUse(port)
        case EACCES, EPERM: .notPermitted(port)
        case EADDRNOTAVAIL: .addressNotHere(host)
        default: .cannotListen(String(cString: strerror(code)))
        }
    }
}
