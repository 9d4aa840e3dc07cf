/// An address and a port.
package struct Endpoint: Hashable, Sendable {
    /// 4 or 16 bytes.
    package let address: [UInt8]
    package let port: UInt16

    package init(address: [UInt8], port: UInt16) {
        self.address = address
        self.port = port
    }

    /// As people write it: `192.0.2.1:80`, `[2001:db8::1]:80`.
    package var text: String {
        guard address.count == 16 else {
            return address.map(String.init).joined(separator: ".") + ":\(port)"
        }
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(address[$0]) << 8 | UInt16(address[$0 + 1])
        }
        return "[\(Self.shortened(groups))]:\(port)"
    }

    /// The first longest run of zeros, of two or more, becomes `::` (RFC 5952 section 4.2).
    private static func shortened(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let words = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return words.joined(separator: ":") }
        return words[..<best.lowerBound].joined(separator: ":") + "::"
            + words[best.upperBound...].joined(separator: ":")
    }
}

/// A segment of TCP, as far as it was captured.
struct TCPSegment: Hashable {
    let source: Endpoint
    let destination: Endpoint
    let sequence: UInt32
    let isSYN: Bool
    let isACK: Bool
    let isFIN: Bool
    let isRST: Bool
    let payload: ArraySlice<UInt8>
}

/// What an IP packet holds.
enum IPContent {
    case segment(TCPSegment)
    /// A part of a packet that was cut on its way; these are not put together here.
    case fragment
    /// Something else than TCP, or nothing that makes sense.
    case other

    private static let tcp: UInt8 = 6

    init(ipPacket bytes: ArraySlice<UInt8>) {
        let fields = Fields(bytes: bytes)
        switch (fields.byte(0) ?? 0) >> 4 {
        case 4: self = Self.ipv4(fields)
        case 6: self = Self.ipv6(fields)
        default: self = .other
        }
    }

    private static func ipv4(_ fields: Fields) -> IPContent {
        guard let first = fields.byte(0), let length = fields.uint16(2),
            let flags = fields.uint16(6), let protocolNumber = fields.byte(9),
            let source = fields.slice(12, 4), let destination = fields.slice(16, 4)
        else { return .other }
        let header = Int(first & 15) * 4
        guard header >= 20, protocolNumber == tcp else { return .other }
        // More fragments, or not the first.
        guard flags & 0x3FFF == 0 else { return .fragment }
        // 0 is what a network card is told that cuts packets itself.
        let end = length == 0 ? fields.bytes.count : min(Int(length), fields.bytes.count)
        guard header <= end, let body = fields.slice(header, end - header) else { return .other }
        return segment(body, from: Array(source), to: Array(destination))
    }

    private static func ipv6(_ fields: Fields) -> IPContent {
        guard let length = fields.uint16(4), var next = fields.byte(6),
            let source = fields.slice(8, 16), let destination = fields.slice(24, 16)
        else { return .other }
        let end = length == 0 ? fields.bytes.count : min(40 + Int(length), fields.bytes.count)
        var place = 40
        for _ in 0..<CaptureLimits.maximumExtensions where next != tcp {
            guard let following = fields.byte(place) else { return .other }
            switch next {
            // Hop-by-hop options, routing, destination options.
            case 0, 43, 60: place += (Int(fields.byte(place + 1) ?? 0) + 1) * 8
            case 44:
                // A fragment that is a whole packet is none.
                guard let offset = fields.uint16(place + 2), offset & 0xFFF9 == 0 else {
                    return .fragment
                }
                place += 8
            default: return .other
            }
            next = following
        }
        guard next == tcp, place <= end, let body = fields.slice(place, end - place) else {
            return .other
        }
        return segment(body, from: Array(source), to: Array(destination))
    }

    private static func segment(
        _ bytes: ArraySlice<UInt8>, from source: [UInt8], to destination: [UInt8]
    ) -> IPContent {
        let fields = Fields(bytes: bytes)
        guard let sourcePort = fields.uint16(0), let destinationPort = fields.uint16(2),
            let sequence = fields.uint32(4), let lengthByte = fields.byte(12),
            let flags = fields.byte(13)
        else { return .other }
        let header = Int(lengthByte >> 4) * 4
        guard header >= 20 else { return .other }
        return .segment(
            TCPSegment(
                source: Endpoint(address: source, port: sourcePort),
                destination: Endpoint(address: destination, port: destinationPort),
                sequence: sequence, isSYN: flags & 2 != 0, isACK: flags & 16 != 0,
                isFIN: flags & 1 != 0, isRST: flags & 4 != 0,
                // Options that were cut off take the payload with them.
                payload: fields.slice(header) ?? []))
    }
}
