/// Looks at whole frames in the bytes of a connection, without copying or allocating.
///
/// The load generator must not be what is measured: an entry takes some tens of nanoseconds here.
enum FrameScanner {
    struct Entry {
        /// When it was said, nanoseconds of the monotonic clock.
        var time: UInt64
        /// The speaker's number in the room.
        var slot: UInt32
        /// The speaker's count of messages.
        var number: UInt32
    }

    enum Event {
        case entry(Entry)
        case appended
        /// Anything else; decoded by who wants it.
        case other(type: UInt8, body: UnsafeRawBufferPointer)
    }

    private static let headerSize = 4
    /// Type, sequence number, sender and kind are in front of an entry's payload.
    private static let payloadOffset = headerSize + 1 + 8 + 8 + 1
    /// Bytes of the front of a payload: time, slot and number.
    static let stampSize = 16

    /// Calls `body` for each whole frame and returns how many bytes those had.
    static func scan(_ bytes: UnsafeRawBufferPointer, _ body: (Event) -> Void) -> Int {
        var offset = 0
        while bytes.count - offset > headerSize {
            let length = Int(UInt32(bigEndian: load(bytes, offset)))
            let end = offset + headerSize + length
            guard end <= bytes.count else { break }
            switch bytes[offset + headerSize] {
            case 0x90: body(entry(bytes, offset, end))
            case 0x83: body(.appended)
            case let type:
                let rest = UnsafeRawBufferPointer(rebasing: bytes[(offset + headerSize)..<end])
                body(.other(type: type, body: rest))
            }
            offset = end
        }
        return offset
    }

    private static func entry(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ end: Int) -> Event {
        let first = offset + payloadOffset
        let payload = first < end ? first + (1 << Int(bytes[first] >> 6)) : end
        guard payload + stampSize <= end else {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[(offset + headerSize)..<end])
            return .other(type: 0x90, body: rest)
        }
        return .entry(
            Entry(
                time: UInt64(bigEndian: load(bytes, payload)),
                slot: UInt32(bigEndian: load(bytes, payload + 8)),
                number: UInt32(bigEndian: load(bytes, payload + 12))))
    }

    private static func load<T: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int
    ) -> T {
        bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    }
}
