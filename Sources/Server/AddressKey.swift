import NIOCore

/// What counts as one address: an IPv4 address, or an IPv6 /64, which one subscriber has.
struct AddressKey: Hashable, Sendable {
    private let high: UInt64
    private let isIPv6: Bool

    init(_ address: SocketAddress?) {
        guard let address else {
            self.init(high: [], isIPv6: false)
            return
        }
        // The bytes of a socket address: sockaddr_in has its address at 4, sockaddr_in6 at 8.
        let bytes = address.withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)) }
        switch address.protocol {
        case .inet where bytes.count >= 8: self.init(high: bytes[4..<8], isIPv6: false)
        case .inet6 where bytes.count >= 24:
            let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
            // ::ffff:a.b.c.d is IPv4 on a socket that takes both.
            if bytes[8..<20].elementsEqual(mappedPrefix) {
                self.init(high: bytes[20..<24], isIPv6: false)
            } else {
                self.init(high: bytes[8..<16], isIPv6: true)
            }
        default: self.init(high: [], isIPv6: false)
        }
    }

    private init(high bytes: ArraySlice<UInt8>, isIPv6: Bool) {
        high = bytes.reduce(0) { $0 << 8 | UInt64($1) }
        self.isIPv6 = isIPv6
    }
}
