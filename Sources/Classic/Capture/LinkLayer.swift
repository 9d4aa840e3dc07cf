/// Finds the IP packet inside a captured one.
enum LinkLayer {
    private static let ipv4: UInt16 = 0x0800
    private static let ipv6: UInt16 = 0x86DD
    /// VLAN tags, of a customer, a provider and of older devices.
    private static let tags: Set<UInt16> = [0x8100, 0x88A8, 0x9100]

    /// Nil when there is none, or the link type is not known.
    static func ipPacket(in packet: CapturedPacket) -> ArraySlice<UInt8>? {
        let fields = Fields(bytes: packet.bytes)
        switch packet.linkType {
        case 1: return ethernet(fields, typeAt: 12)
        case 0: return family(fields)
        // The same in network byte order.
        case 108: return family(fields)
        // Raw IP; the first two are what some systems call it.
        case 12, 14, 101, 228, 229: return fields.bytes
        // Linux "cooked" packets: what stands for the header of any interface.
        case 113: return ethernet(fields, typeAt: 14)
        case 276:
            guard let type = fields.uint16(0) else { return nil }
            return behindTags(type, fields, at: 20)
        default: return nil
        }
    }

    /// True for a link type that is known here.
    static func isKnown(_ linkType: UInt16) -> Bool {
        [0, 1, 12, 14, 101, 108, 113, 228, 229, 276].contains(linkType)
    }

    private static func ethernet(_ fields: Fields, typeAt place: Int) -> ArraySlice<UInt8>? {
        guard let type = fields.uint16(place) else { return nil }
        return behindTags(type, fields, at: place + 2)
    }

    private static func behindTags(
        _ type: UInt16, _ fields: Fields, at place: Int
    ) -> ArraySlice<UInt8>? {
        var (type, place) = (type, place)
        for _ in 0..<CaptureLimits.maximumTags where tags.contains(type) {
            guard let inner = fields.uint16(place + 2) else { return nil }
            (type, place) = (inner, place + 4)
        }
        return type == ipv4 || type == ipv6 ? fields.slice(place) : nil
    }

    /// BSD's loopback: the address family in the byte order of the machine that captured. IPv6 has
    /// other numbers on other systems.
    private static func family(_ fields: Fields) -> ArraySlice<UInt8>? {
        guard let value = fields.uint32(0) else { return nil }
        let number = value > 0xFFFF ? value.byteSwapped : value
        return [2, 10, 24, 28, 30].contains(number) ? fields.slice(4) : nil
    }
}
