import NIOCore
import Testing
import Transport
import Wire

@Suite("The parser of frames")
struct FrameParserTests {
    private static let frames: [ClientFrame] = [
        .ping(7), .knock(Array(repeating: 9, count: 300)), .leave,
        .append(.init(id: .random(), kind: .message, payload: [])),
    ]

    private static var stream: [UInt8] {
        var buffer = ByteBuffer()
        for frame in frames { buffer.writeFrame(frame) }
        return Array(buffer.readableBytesView)
    }

    private static func parse(_ pieces: [ArraySlice<UInt8>]) throws -> [ClientFrame] {
        var parser = FrameParser(limit: 1024)
        var frames: [ClientFrame] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let body = try parser.next() { frames.append(try body.decodeFrame()) }
        }
        #expect(parser.takeRest() == nil)
        return frames
    }

    @Test("frames come out whole, wherever the stream was cut")
    func cuts() throws {
        let stream = Self.stream
        for cut in 0...stream.count {
            #expect(try Self.parse([stream[..<cut], stream[cut...]]) == Self.frames)
        }
        #expect(try Self.parse(stream.indices.map { stream[$0...$0] }) == Self.frames)
    }

    @Test("a length that no frame has is refused before its bytes come")
    func lengths() {
        for (length, error) in [(0, FrameParserError.empty), (1025, .tooLong), (.max, .tooLong)]
            as [(UInt32, FrameParserError)]
        {
            var parser = FrameParser(limit: 1024)
            parser.append(ByteBuffer(integer: length))
            #expect(throws: error) { try parser.next() }
        }
    }

    @Test("the limit can be raised between frames")
    func limit() throws {
        var parser = FrameParser(limit: 16)
        var buffer = ByteBuffer()
        buffer.writeFrame(ClientFrame.ping(1))
        buffer.writeFrame(ClientFrame.knock(Array(repeating: 1, count: 100)))
        parser.append(buffer)
        #expect(try parser.next() != nil)
        parser.limit = 128
        #expect(try parser.next()?.readableBytes == 103)
    }

    @Test("what follows the last frame is left to be taken")
    func rest() throws {
        var buffer = ByteBuffer()
        buffer.writeFrame(ClientFrame.leave)
        buffer.writeBytes([1, 2, 3])
        var parser = FrameParser(limit: 16)
        parser.append(buffer)
        #expect(try parser.next()?.decodeFrame(as: ClientFrame.self) == .leave)
        #expect(try parser.next() == nil)
        #expect(parser.takeRest().map { Array($0.readableBytesView) } == [1, 2, 3])
        #expect(parser.takeRest() == nil)
    }
}
