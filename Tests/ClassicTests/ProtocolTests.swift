import Classic
import Testing

@Suite("The original protocol's bytes")
struct ProtocolTests {
    @Test("the key is the number less 10, modulo 256", arguments: [(198, 188), (10, 0), (3, 249)])
    func key(number: UInt8, value: UInt8) {
        #expect(ClassicKey(number: number).value == value)
        #expect(ClassicKey(value: value).number == number)
    }

    @Test("the same key undoes what it did, for every key")
    func undone() {
        let text = Array("Here we go! äöü\u{0}\n".utf8)
        for value in UInt8.min...UInt8.max {
            let key = ClassicKey(value: value)
            #expect(key.apply(key.apply(text)) == text)
            #expect(value == 0 || key.apply(text) != text)
        }
    }

    @Test("a number's line is read when it is whole, and nothing else is one")
    func keyLine() throws {
        #expect(ClassicKeyLine.encode(number: 198) == Array("198\n".utf8))
        #expect(try ClassicKeyLine.parse(Array("198\nM1".utf8))?.number == 198)
        #expect(try ClassicKeyLine.parse(Array("7\n".utf8))?.size == 2)
        for part in ["", "1", "19", "198"] {
            #expect(try ClassicKeyLine.parse(Array(part.utf8)) == nil)
        }
        for other in ["256\n", "999", "1985", "\n", "-1\n", "a", "HTTP", " 7\n"] {
            #expect(throws: ClassicError.notClassic) {
                try ClassicKeyLine.parse(Array(other.utf8))
            }
        }
    }

    @Test("a header is a letter, digits and spaces, ten bytes in all")
    func header() {
        let header = ClassicHeader(kind: .message, length: 16)
        #expect(header.encoded == Array("M16       ".utf8))
        #expect(ClassicHeader(header.encoded) == header)
        #expect(ClassicHeader(Array("F999999999".utf8))?.length == 999_999_999)
        for other in [
            "X16       ", "M         ", "M 16      ", "M16      x", "M-1       ", "M1 6      ",
            "M16      ", "M16        ", "M+16      ", "m16       ",
        ] {
            #expect(ClassicHeader(Array(other.utf8)) == nil, "\(other)")
        }
    }

    @Test("what is said is on the wire as the page says, byte for byte")
    func wire() throws {
        let content = ClassicContent(name: "ann", text: "Right?")
        let frame = try ClassicFrame(content, key: ClassicKey(number: 198))
        #expect(
            frame.bytes == Array("M11       ".utf8) + Array("ann: Right?".utf8).map { $0 ^ 188 })
    }

    @Test("a piece of a file is four lines and bytes, and comes back")
    func piece() throws {
        let piece = ClassicPiece(
            sender: Array("ann".utf8), fileName: Array("a b.txt".utf8), size: 10, start: 7,
            bytes: [10, 0, 255])
        #expect(piece.body == Array("ann\na b.txt\n10\n7\n".utf8) + [10, 0, 255])
        #expect(ClassicPiece(body: piece.body) == piece)
        let empty = ClassicPiece(sender: [], fileName: [], size: 0, start: 0, bytes: [])
        #expect(ClassicPiece(body: empty.body) == empty)
    }

    @Test("a line end in a name does not end its line")
    func lineEndInName() {
        let piece = ClassicPiece(
            sender: Array("a\n9".utf8), fileName: Array("b\n9".utf8), size: 1, start: 0,
            bytes: [1])
        #expect(ClassicPiece(body: piece.body)?.fileName == Array("b9".utf8))
    }

    @Test("a piece that is none is refused")
    func noPiece() {
        let long = String(repeating: "x", count: 2000)
        for body in [
            "", "ann", "ann\nf\n1\n", "ann\nf\n1\n0", "ann\nf\nx\n0\n", "ann\nf\n1\n-1\n",
            "ann\nf\n1\n2\n", "ann\nf\n2\n1\nab", "ann\nf\n99999999999999999999\n0\n",
            "\(long)\nf\n1\n0\n", "ann\n\(long)\n1\n0\n",
        ] {
            #expect(ClassicPiece(body: Array(body.utf8)) == nil, "\(body.prefix(30))")
        }
    }

    @Test(
        "frames are the same however the network cuts them", arguments: [1, 2, 3, 9, 10, 11, 4096])
    func cutting(size: Int) throws {
        let key = ClassicKey(number: 5)
        let texts = ["", "a", String(repeating: "long ", count: 3000), "ä\n\u{0}"]
        let frames = try texts.map { try ClassicFrame(.message(Array($0.utf8)), key: key) }
        let stream = frames.flatMap(\.bytes)
        var cutter = ClassicCutter()
        var found: [ClassicFrame] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            cutter.append(stream[start..<min(start + size, stream.count)])
            while let frame = try cutter.next() { found.append(frame) }
        }
        #expect(found == frames)
        #expect(cutter.waiting == 0)
        #expect(found.map { String(decoding: key.apply($0.body), as: UTF8.self) } == texts)
    }

    @Test("a body beyond the limit is refused before it is gathered")
    func tooLong() {
        var cutter = ClassicCutter()
        cutter.append(
            ClassicHeader(kind: .message, length: ClassicLimits.maximumBody + 1).encoded)
        #expect(throws: ClassicError.tooLong) { try cutter.next() }
        let tooMuch = [UInt8](repeating: 0, count: ClassicLimits.maximumBody + 1)
        #expect(throws: ClassicError.tooLong) {
            try ClassicFrame(.message(tooMuch), key: ClassicKey(value: 1))
        }
    }

    @Test("every error says what happened and what to do")
    func sentences() {
        for error in [
            ClassicError.notClassic, .tooLong, .unreachable, .reset, .closed, .cannotListen("x"),
        ] {
            #expect(error.sentence.contains(";"))
        }
    }
}
