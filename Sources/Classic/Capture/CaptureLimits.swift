/// Limits of reading a capture. A capture is hostile input: whoever sent a packet wrote in it.
package enum CaptureLimits {
    /// Bytes of one captured packet: four times what libpcap takes.
    package static let maximumPacket = 1 << 20
    /// Bytes of one block of a pcapng file: blocks of names and keys are longer than packets.
    package static let maximumBlock = 16 << 20
    /// Interfaces of one section of a pcapng file.
    package static let maximumInterfaces = 4096
    /// Connections that are followed: a day of a busy machine.
    package static let maximumConnections = 100_000
    /// Bytes of a direction that wait for bytes before them: a receive window of most systems.
    package static let maximumWaiting = 6 << 20
    /// Segments of a direction that wait for bytes before them: each new one is put in its place
    /// among them.
    package static let maximumWaitingSegments = 2048
    /// Bytes that wait in all directions together.
    package static let maximumWaitingInAll = 256 << 20
    /// Bytes of messages that are kept to be shown.
    package static let maximumKept = 256 << 20
    /// Frames that are kept to be shown.
    package static let maximumFrames = 1_000_000
    /// Bytes of a piece of a file that are kept: its four lines are shorter.
    package static let keptOfFile = 2048
    /// Bytes that a sequence number may be away from what is expected: the largest window there is.
    package static let maximumDistance = 1 << 30
    /// Nested VLAN tags that are read through.
    package static let maximumTags = 4
    /// Headers between that of IPv6 and that of TCP that are read through.
    package static let maximumExtensions = 8
    /// Bytes of messages by which a key is judged: more makes no key clearer.
    package static let judgedBytes = 4 << 10
}

/// Why a capture, or the rest of it, cannot be read.
package enum CaptureError: Error, Equatable, Sendable {
    /// Neither pcap nor pcapng.
    case notACapture
    /// Compressed as a whole.
    case compressed
    /// What stands here cannot be in a capture, or is beyond the limits.
    case damaged

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .notACapture: "this is no pcap or pcapng file; give one that tshark or tcpdump wrote"
        case .compressed: "the capture is compressed; unpack it first"
        case .damaged: "the capture is damaged; capture again, or mend it with editcap"
        }
    }
}

/// Numbers at places of untrusted bytes.
struct Fields {
    let bytes: ArraySlice<UInt8>
    /// The lowest byte first.
    var isLittleEndian = false

    func byte(_ offset: Int) -> UInt8? {
        guard offset >= 0, offset < bytes.count else { return nil }
        return bytes[bytes.startIndex + offset]
    }

    func uint16(_ offset: Int) -> UInt16? {
        integer(offset, 2).map { UInt16(truncatingIfNeeded: $0) }
    }

    func uint32(_ offset: Int) -> UInt32? {
        integer(offset, 4).map { UInt32(truncatingIfNeeded: $0) }
    }

    /// Bytes from `offset` on; nil when there are fewer than `count`, all to the end when that is nil.
    func slice(_ offset: Int, _ count: Int? = nil) -> ArraySlice<UInt8>? {
        guard offset >= 0, offset <= bytes.count else { return nil }
        let start = bytes.startIndex + offset
        guard let count else { return bytes[start...] }
        guard count >= 0, count <= bytes.count - offset else { return nil }
        return bytes[start..<(start + count)]
    }

    private func integer(_ offset: Int, _ size: Int) -> UInt64? {
        guard let part = slice(offset, size) else { return nil }
        return isLittleEndian
            ? part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            : part.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
