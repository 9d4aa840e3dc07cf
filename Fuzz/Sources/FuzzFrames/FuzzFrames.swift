import NIOCore
import TLSSyntax
import Transport
import Wire

/// The first byte says how the rest comes: in pieces of this size, 0 for all at once. Whatever
/// comes is cut into bodies, and each is refused or is a frame that is written as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let stream = Array(input.dropFirst())
    decode(stream)
    let inPieces = bodies(of: stream, pieceSize: first == 0 ? stream.count : Int(first))
    for body in inPieces { decode(body) }
    // What is read must not depend on how the network cut it.
    let atOnce = bodies(of: stream, pieceSize: stream.count)
    precondition(inPieces == atOnce, "frames depend on how their bytes came")
    return 0
}

private func bodies(of stream: [UInt8], pieceSize: Int) -> [[UInt8]] {
    var parser = FrameParser(limit: FrameLimits.maximumBodyBeforeAttach)
    var bodies: [[UInt8]] = []
    var rest = stream[...]
    while !rest.isEmpty {
        parser.append(ByteBuffer(bytes: rest.prefix(pieceSize)))
        rest = rest.dropFirst(pieceSize)
        do throws(FrameParserError) {
            while let body = try parser.next() {
                let isInside = (1...parser.limit).contains(body.readableBytes)
                precondition(isInside, "a body past its limit")
                bodies.append(Array(body.readableBytesView))
                parser.limit = FrameLimits.maximumBody
            }
        } catch {
            return bodies
        }
    }
    return bodies
}

private func decode(_ body: [UInt8]) {
    check(ClientFrame.self, body)
    check(ServerFrame.self, body)
}

private func check<Frame: TLSCodable>(_ type: Frame.Type, _ body: [UInt8]) {
    guard let frame = try? Frame(tlsEncoded: body) else { return }
    precondition(frame.tlsEncoded == body, "a frame that is written otherwise than it was read")
}
