import TLSSyntax
import Testing

@Suite("Vectors: deserialization", .enabled(if: VectorFile.isPresent))
struct DeserializationVectorTests {
    struct Header: Decodable { let vlbytesHeader: Hex, length: Int }

    @Test func deserialization() throws {
        var tally = Tally("deserialization")
        for vector in try VectorFile.load("deserialization", as: Header.self) {
            var reader = TLSReader(vector.vlbytesHeader.bytes)
            #expect(try reader.readLengthHeader() == vector.length)
            #expect(reader.isAtEnd)
            var writer = TLSWriter()
            writer.writeLength(vector.length)
            #expect(writer.bytes == vector.vlbytesHeader.bytes)
            tally.count()
        }
        tally.report(expecting: 14)
    }
}
