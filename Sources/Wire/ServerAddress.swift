/// Where a server listens: a host name or IP address, and a port.
package struct ServerAddress: Hashable, Sendable {
    /// A name, an IPv4 address, or an IPv6 address without brackets. One of a single network has the
    /// zone behind it, as in `fe80::1%eth0`: it is this machine's name for that network, and means
    /// nothing on another.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16 = FrameLimits.defaultPort) {
        self.host = host
        self.port = port
    }

    /// Characters of a host name (RFC 1035).
    private static let maximumHost = 253
    /// Characters of a zone: the name of a network interface has 15 at most.
    private static let maximumZone = 15

    /// Reads `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT`, and either of these with a zone.
    package init(parsing text: String) throws(LinkError) {
        let bytes = Array(text.utf8)
        let hostBytes: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
            hostBytes = bytes[1..<close]
            rest = bytes[(close + 1)...]
            let number = hostBytes.prefix { $0 != UInt8(ascii: "%") }
            guard number.contains(UInt8(ascii: ":")), number.allSatisfy(Self.isIPv6),
                Self.isZone(hostBytes[number.endIndex...])
            else { throw .host }
        } else {
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            hostBytes = bytes[..<colon]
            rest = bytes[colon...]
            guard hostBytes.allSatisfy(Self.isName), hostBytes.first != UInt8(ascii: "-") else {
                throw .host
            }
        }
        guard !hostBytes.isEmpty, hostBytes.count <= Self.maximumHost else { throw .host }
        host = String(decoding: hostBytes, as: UTF8.self)
        port = try Self.parsePort(rest)
    }

    private static func parsePort(_ rest: ArraySlice<UInt8>) throws(LinkError) -> UInt16 {
        guard let first = rest.first else { return FrameLimits.defaultPort }
        let digits = rest.dropFirst()
        guard first == UInt8(ascii: ":") else { throw .host }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != 0x30,
            let port = UInt16(String(decoding: digits, as: UTF8.self)), port > 0
        else { throw .port }
        return port
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// True for nothing, and for `%` and the name or number of a network interface.
    private static func isZone(_ bytes: ArraySlice<UInt8>) -> Bool {
        let name = bytes.dropFirst()
        return bytes.isEmpty
            || (1...maximumZone).contains(name.count) && name.allSatisfy(Self.isName)
    }

    private static func isIPv6(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        case UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// The address as links and messages show it; the default port is left out.
    package var text: String {
        let host = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == FrameLimits.defaultPort ? host : "\(host):\(port)"
    }
}
