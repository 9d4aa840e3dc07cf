/// One packet of a capture.
package struct CapturedPacket: Hashable, Sendable {
    /// Nanoseconds since 1970, as the capture says.
    package let time: UInt64
    /// The number of the link type (www.tcpdump.org/linktypes.html).
    package let linkType: UInt16
    package let bytes: ArraySlice<UInt8>
}

/// Reads packets out of a pcap or pcapng file that comes in pieces.
package struct CaptureReader: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0
    private var format = Format.unknown

    private enum Format {
        case unknown
        case pcap(PcapFormat)
        case pcapng(PcapngFormat)
    }

    /// Used up bytes that may stay before the others move up.
    private static let maximumUsed = 4 << 20

    package init() {}

    /// Bytes that are no whole packet yet: at the end of a file, it was cut.
    package var waiting: Int { bytes.count - start }

    package mutating func append(_ more: some Sequence<UInt8>) {
        if start > Self.maximumUsed {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next whole packet, if there is one. After an error there are no more.
    package mutating func next() throws(CaptureError) -> CapturedPacket? {
        while true {
            let step: CaptureStep
            switch format {
            case .unknown:
                guard try recognize() else { return nil }
                continue
            case .pcap(let pcap): step = try pcap.next(bytes[start...])
            case .pcapng(var pcapng):
                step = try pcapng.next(bytes[start...])
                format = .pcapng(pcapng)
            }
            switch step {
            case .needsMore: return nil
            case .skip(let count): start += count
            case .packet(let packet, let count):
                start += count
                return packet
            }
        }
    }

    /// Looks at the beginning of the file; false when there is too little of it.
    private mutating func recognize() throws(CaptureError) -> Bool {
        let head = bytes.prefix(PcapFormat.headerSize)
        if head.starts(with: [0x1F, 0x8B]) || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            throw .compressed
        }
        guard head.count >= 4 else { return false }
        if head.starts(with: PcapngFormat.magic) {
            format = .pcapng(PcapngFormat())
            return true
        }
        guard PcapFormat.hasMagic(head) else { throw .notACapture }
        guard head.count == PcapFormat.headerSize else { return false }
        format = .pcap(try PcapFormat(header: head))
        start = PcapFormat.headerSize
        return true
    }
}

/// What stands at one place of a capture.
enum CaptureStep {
    case needsMore
    /// So many bytes hold no packet.
    case skip(Int)
    /// A packet within so many bytes.
    case packet(CapturedPacket, Int)
}
