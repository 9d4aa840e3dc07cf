import Crypto
import Testing

@testable import SealedFile

@Suite("A sealed file")
struct SealedFileTests {
    private let key = SymmetricKey(data: Array(repeating: UInt8(7), count: 32))
    private let id = (0..<16).map { UInt8($0) }
    private let full = SealedFile.chunkSize

    private func parameters(from chunk: UInt64 = 0) -> SealedFile.Parameters {
        SealedFile.Parameters(key: key, fileID: id, firstChunk: chunk)
    }

    private func file(_ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    }

    /// The stream of a file from a chunk on, as one piece for the salt and one for each chunk.
    private func seal(_ file: [UInt8], from first: UInt64 = 0) throws -> [[UInt8]] {
        var sealer = FileSealer(parameters(from: first))
        var pieces = [sealer.header]
        let count = SealedFile.chunkCount(ofSize: UInt64(file.count))
        for chunk in first..<count {
            let start = Int(chunk) * full
            let bytes = Array(file[start..<min(start + full, file.count)])
            pieces.append(try sealer.seal(bytes, isLast: chunk == count - 1))
        }
        return pieces
    }

    private func open(
        _ pieces: [[UInt8]], size: Int, from first: UInt64 = 0, key: SymmetricKey? = nil,
        id: [UInt8]? = nil
    ) throws -> [UInt8] {
        let parameters = SealedFile.Parameters(
            key: key ?? self.key, fileID: id ?? self.id, firstChunk: first)
        var opener = FileOpener(parameters, size: UInt64(size))
        var opened: [UInt8] = []
        for piece in pieces { opened += try opener.open(piece) }
        try opener.finish()
        return opened
    }

    @Test(
        "comes out as it went in, whatever its size",
        arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    func roundTrip(size: Int) throws {
        let file = file(size)
        #expect(try open(try seal(file), size: size) == file)
    }

    @Test("is opened from pieces of any size", arguments: [1, 31, 33, 65_552, 70_000])
    func pieces(size: Int) throws {
        let file = file(150_000)
        let stream = try seal(file).flatMap(\.self)
        let pieces = stride(from: 0, to: stream.count, by: size).map {
            Array(stream[$0..<min($0 + size, stream.count)])
        }
        #expect(try open(pieces, size: file.count) == file)
    }

    @Test("goes on at a chunk's boundary")
    func resume() throws {
        let file = file(200_000)
        let rest = try open(try seal(file, from: 2), size: file.count, from: 2)
        #expect(rest == Array(file[(2 * full)...]))
    }

    @Test("knows where to go on")
    func firstMissingChunk() {
        #expect(SealedFile.firstMissingChunk(having: 0, of: 0) == 0)
        #expect(SealedFile.firstMissingChunk(having: 65_535, of: 200_000) == 0)
        #expect(SealedFile.firstMissingChunk(having: 65_536, of: 200_000) == 1)
        #expect(SealedFile.firstMissingChunk(having: 131_072, of: 131_072) == 1)
        #expect(SealedFile.firstMissingChunk(having: .max, of: 131_072) == 1)
        #expect(SealedFile.chunkCount(ofSize: .max) == 1 << 48)
    }

    @Test("does not open under another key, id or first chunk")
    func wrongParameters() throws {
        let file = file(100)
        let stream = try seal(file)
        let other = SymmetricKey(size: .bits256)
        let otherID = Array(id.reversed())
        #expect(throws: SealedFileError.notAuthentic) { try open(stream, size: 100, key: other) }
        #expect(throws: SealedFileError.notAuthentic) { try open(stream, size: 100, id: otherID) }
        let long = self.file(full + 100)
        #expect(throws: SealedFileError.notAuthentic) {
            try open(try seal(long, from: 0), size: long.count, from: 1)
        }
    }

    @Test("that is cut off anywhere is refused")
    func truncation() throws {
        let file = file(full + 100)
        let stream = try seal(file).flatMap(\.self)
        for length in [0, 1, 31, 32, 33, 32 + full, 32 + full + 16, stream.count - 1] {
            #expect(throws: SealedFileError.truncated) {
                try open([Array(stream[..<length])], size: file.count)
            }
        }
    }

    @Test("with chunks in another order is refused")
    func reordering() throws {
        var stream = try seal(file(3 * full))
        stream.swapAt(1, 2)
        #expect(throws: SealedFileError.notAuthentic) { try open(stream, size: 3 * full) }
    }

    @Test("with a chunk left out or given twice is refused")
    func dropAndRepeat() throws {
        var dropped = try seal(file(3 * full))
        dropped.remove(at: 1)
        #expect(throws: SealedFileError.notAuthentic) { try open(dropped, size: 3 * full) }
        var repeated = try seal(file(3 * full))
        repeated.insert(repeated[1], at: 1)
        #expect(throws: SealedFileError.notAuthentic) { try open(repeated, size: 3 * full) }
    }

    @Test("with something after it is refused")
    func extension_() throws {
        let stream = try seal(file(100)) + [[0]]
        #expect(throws: SealedFileError.extended) { try open(stream, size: 100) }
    }

    @Test("with a bit changed anywhere in a chunk is refused")
    func tampering() throws {
        for position in [0, 50, 99, 100, 115] {
            var stream = try seal(file(100))
            stream[1][position] ^= 1
            #expect(throws: SealedFileError.notAuthentic) { try open(stream, size: 100) }
        }
        var salted = try seal(file(100))
        salted[0][5] ^= 1
        #expect(throws: SealedFileError.notAuthentic) { try open(salted, size: 100) }
    }

    @Test("of another size than announced is refused, and it is said which way")
    func sizes() throws {
        let short = try seal(file(full))
        #expect(throws: SealedFileError.shorterThanDeclared) { try open(short, size: 2 * full) }
        #expect(throws: SealedFileError.shorterThanDeclared) {
            try open(try seal(file(10)), size: 100)
        }
        let long = try seal(file(2 * full))
        #expect(throws: SealedFileError.longerThanDeclared) { try open(long, size: full) }
    }

    @Test("never uses one salt twice")
    func salts() {
        let headers = (0..<100).map { _ in FileSealer(parameters()).header }
        #expect(Set(headers).count == 100 && headers.allSatisfy { $0.count == 32 })
    }

    @Test("is sealed only in full chunks up to the last one")
    func misuse() throws {
        var sealer = FileSealer(parameters())
        #expect(throws: SealedFileError.misuse) { try sealer.seal([1], isLast: false) }
        #expect(throws: SealedFileError.misuse) {
            try sealer.seal(file(full + 1), isLast: true)
        }
        _ = try sealer.seal([], isLast: true)
        #expect(throws: SealedFileError.misuse) { try sealer.seal([], isLast: true) }
    }

    @Test("looks today as it looked when the format was fixed")
    func stability() throws {
        var sealer = FileSealer(parameters(from: 3), salt: Array(repeating: 9, count: 32))
        let sealed = try sealer.seal(Array("chatbox".utf8), isLast: true)
        let text = sealed.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
        #expect(text == "f637352c0cd7a879914ed79f05bc2dc0dec8ef90d1aa5e")
    }
}
