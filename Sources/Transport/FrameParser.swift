package import NIOCore
package import TLSSyntax
import Wire

/// Cuts a stream of bytes into the bodies of frames: a 4-byte big-endian length, then the body.
///
/// It holds no memory while no frame is half received.
package struct FrameParser {
    /// Bytes that a body may have; raised once a client has attached.
    package var limit: Int
    private var held: ByteBuffer?

    /// - Parameter limit: bytes that a body may have.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that were not cut into frames yet.
    package var heldBytes: Int { held?.readableBytes ?? 0 }

    /// Bytes of memory that these keep.
    package var heldMemory: Int { held?.storageCapacity ?? 0 }

    /// Takes what came from the network.
    package mutating func append(_ buffer: ByteBuffer) {
        guard var before = held, before.readableBytes > 0 else {
            held = buffer
            return
        }
        held = nil
        before.discardReadBytes()
        before.writeImmutableBuffer(buffer)
        held = before
    }

    /// The body of the next frame, or nil while it is not whole.
    ///
    /// - Throws: `FrameParserError` for a length that no frame has; nothing after it can be read.
    package mutating func next() throws(FrameParserError) -> ByteBuffer? {
        guard
            let length = held?.getInteger(at: held?.readerIndex ?? 0, as: UInt32.self)
        else { return nil }
        guard length > 0 else { throw .empty }
        guard length <= limit else { throw .tooLong }
        guard let whole = held?.readSlice(length: FrameLimits.headerSize + Int(length)) else {
            return nil
        }
        if held?.readableBytes == 0 { held = nil }
        return whole.getSlice(
            at: whole.readerIndex + FrameLimits.headerSize, length: Int(length))
    }

    /// What was not cut into frames yet: after a splice, bytes of the other end.
    package mutating func takeRest() -> ByteBuffer? {
        defer { held = nil }
        return held?.readableBytes == 0 ? nil : held
    }
}

/// A length that no frame has.
package enum FrameParserError: Error, Equatable {
    case empty
    case tooLong
}

extension ByteBuffer {
    /// Appends a frame: the length, then the body.
    package mutating func writeFrame(_ frame: some TLSEncodable) {
        let body = frame.tlsEncoded
        reserveCapacity(minimumWritableBytes: FrameLimits.headerSize + body.count)
        writeInteger(UInt32(body.count))
        writeBytes(body)
    }

    /// Decodes this body of a frame, all of it.
    package func decodeFrame<Frame: TLSDecodable>(
        as type: Frame.Type = Frame.self
    ) throws(CodecError) -> Frame {
        try Frame(tlsEncoded: Array(readableBytesView))
    }
}
