import TLSSyntax
import Testing

@Suite("The presentation language")
struct TLSSyntaxTests {
    @Test("writes integers in network order and reads them back")
    func integers() throws {
        var writer = TLSWriter()
        writer.write(UInt8(1))
        writer.write(UInt16(0x0203))
        writer.write(UInt32(0x0405_0607))
        writer.write(UInt64(0x0809_0a0b_0c0d_0e0f))
        #expect(writer.bytes == Array(1...15))
        var reader = TLSReader(writer.bytes)
        #expect(try reader.read(UInt8.self) == 1)
        #expect(try reader.read(UInt16.self) == 0x0203)
        #expect(try reader.read(UInt32.self) == 0x0405_0607)
        #expect(reader.bytesRead(since: 1).count == 6)
        #expect(try reader.read(UInt64.self) == 0x0809_0a0b_0c0d_0e0f)
        try reader.finish()
        #expect(throws: CodecError.truncated) { try reader.read(UInt8.self) }
    }

    @Test(
        "lengths take 1, 2 or 4 bytes, the fewest that do",
        arguments: [
            (0, 1), (63, 1), (64, 2), (16383, 2), (16384, 4), ((1 << 30) - 1, 4),
        ])
    func lengths(_ length: Int, _ size: Int) throws {
        var writer = TLSWriter()
        writer.writeLength(length)
        #expect(writer.bytes.count == size)
        var reader = TLSReader(writer.bytes)
        #expect(try reader.readLengthHeader() == length)
        #expect(reader.isAtEnd)
    }

    @Test(
        "lengths that are not minimal, reserved or cut are refused",
        arguments: [
            ([0x40, 0x00], CodecError.nonMinimalLength), ([0x40, 0x3f], .nonMinimalLength),
            ([0x80, 0x00, 0x3f, 0xff], .nonMinimalLength), ([0x80, 0, 0, 1], .nonMinimalLength),
            ([0xc0], .reservedLength), ([0xff, 0, 0, 0, 0, 0, 0, 0], .reservedLength),
            ([], .truncated), ([0x40], .truncated), ([0x80, 0, 0x40], .truncated),
        ])
    func lengthRefusals(_ bytes: [UInt8], _ error: CodecError) {
        #expect(throws: error) {
            var reader = TLSReader(bytes)
            return try reader.readLengthHeader()
        }
    }

    @Test("a vector that claims more bytes than there are is refused before anything is allocated")
    func overlongVector() {
        var reader = TLSReader([0xbf, 0xff, 0xff, 0xff, 1, 2, 3])
        #expect(throws: CodecError.truncated) { try reader.readOpaque() }
    }

    @Test("a caller's limit holds")
    func limits() throws {
        var writer = TLSWriter()
        writer.writeOpaque([1, 2, 3])
        var reader = TLSReader(writer.bytes)
        #expect(throws: CodecError.tooLong(limit: 2)) { try reader.readOpaque(limit: 2) }
        reader = TLSReader(writer.bytes)
        #expect(try reader.readOpaque(limit: 3) == [1, 2, 3])
        reader = TLSReader(writer.bytes)
        #expect(throws: CodecError.tooLong(limit: 1)) {
            try reader.readVector(of: UInt8.self, limit: 1)
        }
    }

    @Test("optional values have a presence octet of 0 or 1")
    func optionals() throws {
        var writer = TLSWriter()
        writer.writeOptional(UInt16?.none)
        writer.writeOptional(UInt16?(7))
        #expect(writer.bytes == [0, 1, 0, 7])
        var reader = TLSReader(writer.bytes)
        #expect(try reader.readOptional(UInt16.self) == nil)
        #expect(try reader.readOptional(UInt16.self) == 7)
        reader = TLSReader([2, 0, 7])
        #expect(throws: CodecError.invalidPresence(2)) { try reader.readOptional(UInt16.self) }
    }

    @Test("vectors hold whole elements and nothing else")
    func vectors() throws {
        var writer = TLSWriter()
        writer.writeVector([UInt16(1), 2, 3])
        #expect(writer.bytes == [6, 0, 1, 0, 2, 0, 3])
        var reader = TLSReader(writer.bytes)
        #expect(try reader.readVector(of: UInt16.self) == [1, 2, 3])
        reader = TLSReader([3, 0, 1, 0])
        #expect(throws: CodecError.truncated) { try reader.readVector(of: UInt16.self) }
    }

    @Test("a value must fill its bytes exactly")
    func wholeValue() throws {
        #expect(try UInt16(tlsEncoded: [0, 1]) == 1)
        #expect(throws: CodecError.trailingBytes) { try UInt16(tlsEncoded: [0, 1, 2]) }
        #expect(throws: CodecError.truncated) { try UInt16(tlsEncoded: [0]) }
        #expect(UInt32(9).tlsEncoded == [0, 0, 0, 9])
    }

    @Test("a nested reader cannot read past its vector")
    func nested() throws {
        var reader = TLSReader([2, 1, 2, 9])
        var inner = try reader.readNested()
        #expect(try inner.readFixed(2) == [1, 2])
        #expect(throws: CodecError.truncated) { try inner.read(UInt8.self) }
        #expect(try reader.read(UInt8.self) == 9)
        #expect(throws: CodecError.truncated) { try reader.readFixed(-1) }
    }
}
