import TLSSyntax
import Testing
import Wire

@Suite("Frames")
struct FrameCodecTests {
    @Test("every frame of a client comes back as it was", arguments: FrameSamples.client)
    func clientRoundTrip(frame: ClientFrame) throws {
        #expect(try ClientFrame(tlsEncoded: frame.tlsEncoded) == frame)
    }

    @Test("every frame of a server comes back as it was", arguments: FrameSamples.server)
    func serverRoundTrip(frame: ServerFrame) throws {
        #expect(try ServerFrame(tlsEncoded: frame.tlsEncoded) == frame)
    }

    @Test("the samples have every type that there is")
    func samplesAreComplete() {
        #expect(Set(FrameSamples.client.map { $0.tlsEncoded[0] }) == Set(1...9))
        let types = Set(FrameSamples.server.map { $0.tlsEncoded[0] })
        #expect(types == Set<UInt8>(0x81...0x87).union(0x90...0x99).union([0x9f]))
    }

    @Test("a client's frame cut short anywhere is truncated", arguments: FrameSamples.client)
    func truncatedClientFrame(frame: ClientFrame) {
        let bytes = frame.tlsEncoded
        for length in bytes.indices {
            #expect(throws: CodecError.truncated) {
                try ClientFrame(tlsEncoded: Array(bytes[..<length]))
            }
        }
    }

    @Test("a server's frame cut short anywhere is truncated", arguments: FrameSamples.server)
    func truncatedServerFrame(frame: ServerFrame) {
        let bytes = frame.tlsEncoded
        for length in bytes.indices {
            #expect(throws: CodecError.truncated) {
                try ServerFrame(tlsEncoded: Array(bytes[..<length]))
            }
        }
    }

    @Test("a byte after a frame is one too many")
    func trailingBytes() {
        for frame in FrameSamples.client {
            #expect(throws: CodecError.trailingBytes) {
                try ClientFrame(tlsEncoded: frame.tlsEncoded + [0])
            }
        }
        for frame in FrameSamples.server {
            #expect(throws: CodecError.trailingBytes) {
                try ServerFrame(tlsEncoded: frame.tlsEncoded + [0])
            }
        }
    }

    @Test("types that no frame has are refused, those of the other direction too")
    func unknownTypes() {
        let padding = [UInt8](repeating: 0, count: 200)
        for type in UInt8.min ... .max {
            if !(1...9).contains(type) {
                #expect(throws: CodecError.invalidValue("ClientFrame")) {
                    try ClientFrame(tlsEncoded: [type] + padding)
                }
            }
            if type < 0x81 || type > 0x9f || (0x88...0x8f).contains(type)
                || (0x9a...0x9e).contains(type)
            {
                #expect(throws: CodecError.invalidValue("ServerFrame")) {
                    try ServerFrame(tlsEncoded: [type] + padding)
                }
            }
        }
    }

    /// What a decoded frame says is what was written and nothing else: another spelling of the same
    /// frame would be a second way to say it, which some reader would then read otherwise.
    @Test("100,000 damaged frames are refused, or are spelled as they would be written")
    func damagedFrames() {
        var generator = SeededGenerator(seed: 1)
        let clientBytes = FrameSamples.client.map(\.tlsEncoded)
        let serverBytes = FrameSamples.server.map(\.tlsEncoded)
        for turn in 0..<50_000 {
            let client = damaged(clientBytes[turn % clientBytes.count], using: &generator)
            if let frame = try? ClientFrame(tlsEncoded: client) {
                #expect(frame.tlsEncoded == client)
            }
            let server = damaged(serverBytes[turn % serverBytes.count], using: &generator)
            if let frame = try? ServerFrame(tlsEncoded: server) {
                #expect(frame.tlsEncoded == server)
            }
        }
    }

    private func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: bytes.indices, using: &generator)
            switch generator.next() % 4 {
            case 0: bytes[place] ^= 1 << (generator.next() % 8)
            case 1: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
            default: if bytes.count > 1 { bytes.remove(at: place) }
            }
        }
        return bytes
    }
}
