#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The address under which other machines reach this one.
enum LocalAddress {
    /// The first address of an interface that is up and is not the loopback: IPv4 before IPv6,
    /// link-local ones left out, since they mean nothing elsewhere.
    static var first: String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var found: (ipv4: String?, ipv6: String?)
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, isUsable(UInt32(entry.ifa_flags)) else { continue }
            switch Int32(address.pointee.sa_family) {
            case AF_INET: found.ipv4 = found.ipv4 ?? text(address, MemoryLayout<sockaddr_in>.size)
            case AF_INET6:
                let text = text(address, MemoryLayout<sockaddr_in6>.size)
                let isLocal = text?.utf8.contains(UInt8(ascii: "%")) ?? true
                if !isLocal { found.ipv6 = found.ipv6 ?? text }
            default: break
            }
        }
        return found.ipv4 ?? found.ipv6
    }

    private static func isUsable(_ flags: UInt32) -> Bool {
        flags & UInt32(IFF_UP) != 0 && flags & UInt32(IFF_LOOPBACK) == 0
    }

    private static func text(_ address: UnsafeMutablePointer<sockaddr>, _ size: Int) -> String? {
        // As many characters as the longest IPv6 address with a scope has.
        var host = [CChar](repeating: 0, count: 128)
        let result = getnameinfo(
            address, socklen_t(size), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
        guard result == 0, let end = host.firstIndex(of: 0) else { return nil }
        return String(decoding: host[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
