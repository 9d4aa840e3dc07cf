import Terminal
import Testing

@Suite struct KeyDecoderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var keys: [Key]
        var testDescription: String { "\(bytes.prefix(24))" }
        init(_ text: String, _ keys: [Key]) { (bytes, self.keys) = (Array(text.utf8), keys) }
        init(_ bytes: [UInt8], _ keys: [Key]) { (self.bytes, self.keys) = (bytes, keys) }
    }

    static let table: [Row] = [
        Row("hello", [.text("hello")]), Row("é日👍🏽", [.text("é日👍🏽")]),
        Row("a\r", [.text("a"), .enter]), Row("\n", [.enter]),
        Row("\u{7F}\u{8}", [.backspace, .backspace]), Row("\t", [.tab]),
        Row("\u{1}\u{5}\u{15}\u{B}\u{17}", "aeukw".map { Key.control($0) }),
        Row("\u{3}\u{4}\u{1A}", "cdz".map { Key.control($0) }),
        Row("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
        Row("\u{1B}OA\u{1B}OH\u{1B}OF", [.up, .home, .end]),
        Row("\u{1B}[1~\u{1B}[4~\u{1B}[3~\u{1B}[H\u{1B}[F", [.home, .end, .delete, .home, .end]),
        Row("\u{1B}[5~x", [.unknown, .text("x")]), Row("\u{1B}[1;5Dx", [.unknown, .text("x")]),
        Row("\u{1B}[[Ax", [.unknown, .text("x")]), Row("\u{1B}bx", [.unknown, .text("x")]),
        // Answers of a terminal are never text.
        Row("\u{1B}[24;80Rx", [.unknown, .text("x")]), Row("\u{1B}[?62;c", [.unknown]),
        Row("\u{1B}]11;rgb:00/00/00\u{7}x", [.unknown, .text("x")]),
        Row("\u{1B}P>|xterm\u{1B}\\x", [.unknown, .text("x")]),
        // A paste ends at its marker only.
        Row("\u{1B}[200~a\rb\r\n\tc\u{1B}[201~d", [.paste("a\nb\n\tc"), .text("d")]),
        Row("\u{1B}[200~a\u{1B}[200~\u{1B}[201~", [.paste("a[200~")]),
        Row("\u{1B}[200~a\u{1B}[20\u{1B}[201~", [.paste("a[20")]),
        Row("\u{1B}[200~a\u{1B}\u{1B}[201~", [.paste("a")]),
        Row("\u{1B}[200~endless\u{3}x", [.control("c"), .text("x")]),
        // What is not UTF-8 is dropped; what follows is not.
        Row([0xFF, 0x61], [.text("a")]), Row([0xC3, 0x61], [.text("a")]),
        Row([0xE2, 0x82, 0xC3, 0xA9], [.text("é")]), Row([0xED, 0xA0, 0x80], []),
        Row([0xC2, 0x9B, 0x61], [.text("a")]), Row([0xF5, 0x61], [.text("a")]),
    ]

    @Test("bytes become keys, whole and one by one", arguments: table)
    func obeysTable(row: Row) {
        var whole = KeyDecoder()
        #expect(whole.feed(row.bytes) == row.keys)
        var split = KeyDecoder()
        let keys = row.bytes.flatMap { split.feed([$0]) }
        #expect(joined(keys) == joined(row.keys))
        #expect(!split.isWaiting)
    }

    /// Neighbouring texts are one, however they came.
    private func joined(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { result, key in
            if case .text(let more) = key, case .text(let text) = result.last {
                result[result.count - 1] = .text(text + more)
            } else {
                result.append(key)
            }
        }
    }

    @Test("a long paste takes time in proportion to its length", .timeLimit(.minutes(1)))
    func longPaste() {
        var decoder = KeyDecoder()
        let line = "0123456789abcde"
        let bytes = Array(
            "\u{1B}[200~\(String(repeating: line + "\r", count: 50_000))\u{1B}[201~".utf8)
        let expected = String(repeating: line + "\n", count: 50_000)
        #expect(decoder.feed(bytes) == [.paste(expected)])
    }

    @Test("Escape alone is known by the silence after it")
    func escape() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(decoder.feed([0x1B, 0x5B]) == [])
        #expect(decoder.flush() == [])
        #expect(decoder.feed([0x61]) == [.text("a")])
    }

    @Test("random bytes give no control as text, and never stop the decoder")
    func random() {
        var generator = Seeded(state: 3)
        var decoder = KeyDecoder()
        let special: [UInt8] = [0x1B, 0x5B, 0x4F, 0x5D, 0x7E, 0x32, 0x30, 0x31, 0x07, 0x03, 0xC2]
        for _ in 0..<100_000 {
            let byte =
                Bool.random(using: &generator)
                ? special.randomElement(using: &generator) ?? 0
                : UInt8.random(in: 0...255, using: &generator)
            for key in decoder.feed([byte]) {
                guard case .text(let text) = key else { continue }
                #expect(
                    text.unicodeScalars.allSatisfy {
                        $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
                    })
            }
        }
        _ = decoder.feed([0x03, 0x03]) + decoder.flush()
        _ = decoder.feed(Array("\u{7}\u{1B}\\".utf8)) + decoder.flush()
        #expect(decoder.feed(Array("ok".utf8)).last == .text("ok"))
    }
}
