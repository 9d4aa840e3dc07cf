package import NIOCore
import TLSSyntax
package import Wire

/// The frames of the hot path, written straight into buffers. What they write is what `ServerFrame`
/// encodes (a test holds the two against each other).
package enum FrameEncoder {
    private enum Kind {
        static let append: UInt8 = 0x03
        static let appended: UInt8 = 0x83
        static let entry: UInt8 = 0x90
    }

    /// Bytes of an `entry` frame around its payload, at most.
    private static let entryOverhead = FrameLimits.headerSize + 1 + 8 + 8 + 1 + 4
    /// Bytes of an `appended` frame's body.
    private static let appendedBody = 1 + 16 + 8 + 1

    package static func entry(
        sequence: UInt64, sender: AttachmentID, kind: EntryKind, payload: ByteBuffer
    ) -> ByteBuffer {
        let count = payload.readableBytes
        let lengthSize = count < 1 << 6 ? 1 : count < 1 << 14 ? 2 : 4
        var frame = ByteBufferAllocator().buffer(capacity: entryOverhead + count)
        frame.writeMultipleIntegers(
            UInt32(1 + 8 + 8 + 1 + lengthSize + count), Kind.entry, sequence, sender.number,
            kind.rawValue)
        switch lengthSize {
        case 1: frame.writeInteger(UInt8(count))
        case 2: frame.writeInteger(UInt16(count) | 0x4000)
        default: frame.writeInteger(UInt32(count) | 0x8000_0000)
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }

    /// Bytes of the buffer that `entry` makes for a payload: the allocator rounds up.
    package static func entryBuffer(payload count: Int) -> Int {
        1 << (Int.bitWidth - (entryOverhead + count - 1).leadingZeroBitCount)
    }

    package static func appended(id: AppendID, sequence: UInt64, duplicate: Bool) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(
            capacity: FrameLimits.headerSize + appendedBody)
        frame.writeMultipleIntegers(
            UInt32(appendedBody), Kind.appended,
            UInt64(truncatingIfNeeded: id.number >> 64), UInt64(truncatingIfNeeded: id.number),
            sequence, UInt8(duplicate ? 1 : 0))
        return frame
    }

    package static func frame(_ frame: ServerFrame) -> ByteBuffer {
        let body = frame.tlsEncoded
        var buffer = ByteBufferAllocator().buffer(
            capacity: FrameLimits.headerSize + body.count)
        buffer.writeInteger(UInt32(body.count))
        buffer.writeBytes(body)
        return buffer
    }

    /// An `append` read from the body of a frame, with its payload shared and not copied; nil when
    /// the body is something else or not well formed, which `ClientFrame` then tells apart.
    package static func readAppend(
        _ body: ByteBuffer
    ) -> (id: AppendID, kind: EntryKind, epoch: UInt64, payload: ByteBuffer)? {
        var body = body
        guard
            let (type, high, low, kindCode, epoch, first) = body.readMultipleIntegers(
                as: (UInt8, UInt64, UInt64, UInt8, UInt64, UInt8).self),
            type == Kind.append, let kind = EntryKind(rawValue: kindCode),
            kind == .commit || epoch == 0,
            let count = readLength(first: first, &body), count == body.readableBytes,
            count <= kind.maximumSize
        else { return nil }
        return (AppendID(number: UInt128(high) << 64 | UInt128(low)), kind, epoch, body)
    }

    /// The rest of a vector's length (RFC 9420 section 2.1.2), in its minimal form only.
    private static func readLength(first: UInt8, _ body: inout ByteBuffer) -> Int? {
        switch first >> 6 {
        case 0: return Int(first)
        case 1:
            guard let rest = body.readInteger(as: UInt8.self) else { return nil }
            let length = Int(first & 0x3f) << 8 | Int(rest)
            return length < 1 << 6 ? nil : length
        case 2:
            guard let (high, low) = body.readMultipleIntegers(as: (UInt8, UInt16).self) else {
                return nil
            }
            let length = Int(first & 0x3f) << 24 | Int(high) << 16 | Int(low)
            return length < 1 << 14 ? nil : length
        default: return nil
        }
    }
}
