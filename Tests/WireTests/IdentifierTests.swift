import TLSSyntax
import Testing
import Wire

@Suite("Identifiers")
struct IdentifierTests {
    @Test("sixteen bytes are written with the high end first")
    func order() throws {
        let id = AppendID(number: 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f)
        #expect(id.bytes == (0..<16).map { UInt8($0) })
        #expect(try AppendID(tlsEncoded: id.bytes) == id)
        #expect(throws: CodecError.truncated) {
            try AppendID(tlsEncoded: Array(id.bytes.dropLast()))
        }
    }

    @Test("random ones differ, and repeat only with their generator")
    func randomness() {
        #expect(Set((0..<1000).map { _ in ResumeToken.random() }).count == 1000)
        var first = SeededGenerator(seed: 4)
        var second = SeededGenerator(seed: 4)
        #expect(AppendID.random(using: &first) == AppendID.random(using: &second))
        #expect(AppendID.random(using: &first).bytes != AppendID.random(using: &first).bytes)
    }

    @Test("a room id keeps all of its 32 bytes")
    func roomID() throws {
        let bytes = (0..<32).map { UInt8($0 + 100) }
        #expect(RoomID(bytes: bytes).tlsEncoded == bytes)
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(RoomID(bytes: other) != RoomID(bytes: bytes))
        }
    }

    @Test("a pin is the front of the key's hash")
    func pin() {
        let hash = ServerKeyHash(ofPublicKey: [])
        #expect(hex(hash.bytes).hasPrefix("e3b0c44298fc1c149afbf4c8996fb924"))
        #expect(hex(hash.pin.bytes) == "e3b0c44298fc1c149afbf4c8996fb924")
    }
}
