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
        Row("a\r", [.text("a"), .enter]), Row("\n", [.newline]),
        Row("\u{7F}\u{8}", [.backspace, .backspace]), Row("\t\u{1B}[Z", [.tab, .backTab]),
        Row("\u{1}\u{5}\u{15}\u{B}\u{17}", "aeukw".map { Key.control($0) }),
        Row("\u{3}\u{4}\u{1A}\u{1F}\0", "cdz_@".map { Key.control($0) }),
        Row("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
        Row("\u{1B}OA\u{1B}OH\u{1B}OF\u{1B}OM", [.up, .home, .end, .enter]),
        Row("\u{1B}[1~\u{1B}[4~\u{1B}[3~\u{1B}[H\u{1B}[F", [.home, .end, .delete, .home, .end]),
        Row("\u{1B}[5~\u{1B}[6~x", [.pageUp, .pageDown, .text("x")]),
        Row("\u{1B}[[Ax\u{1B}[15~\u{1B}[1;2P", [.unknown, .text("x"), .unknown, .unknown]),
        // Words: xterm with Ctrl and with Alt, rxvt.
        Row(
            "\u{1B}[1;5D\u{1B}[1;3C\u{1B}Od\u{1B}Oc",
            [.wordLeft, .wordRight, .wordLeft, .wordRight]),
        Row("\u{1B}b\u{1B}f\u{1B}Y", "bfY".map { Key.alt($0) }),
        Row("\u{1B}\u{7F}\u{1B}[3;5~\u{1B}[3^", [.wordBackspace, .wordDelete, .wordDelete]),
        // Enter with modifiers: Alt, modifyOtherKeys, kitty.
        Row("\u{1B}\r\u{1B}[27;2;13~\u{1B}[13;2u", [.newline, .newline, .newline]),
        Row(
            "\u{1B}[13u\u{1B}[27u\u{1B}[9;2u\u{1B}[127;5u",
            [.enter, .escape, .backTab, .wordBackspace]),
        Row("\u{1B}[99;5u\u{1B}[97;3u\u{1B}[27;5;119~", [.control("c"), .alt("a"), .control("w")]),
        Row("\u{1B}[228u\u{1B}[97:65;2u\u{1B}[57441;2u", [.text("äA"), .unknown]),
        Row("\u{1B}[99;133u\u{1B}[47;5u", [.control("c"), .control("_")]),
        Row("\u{1B}[I\u{1B}[O", [.focus(true), .focus(false)]),
        // Answers of a terminal are never text.
        Row("\u{1B}[24;80Rx", [.reply(.cursor(row: 24, column: 80)), .text("x")]),
        Row(
            "\u{1B}[?62;4c\u{1B}[>84;0;0c",
            [
                .reply(.attributes([62, 4])), .reply(.secondaryAttributes([84, 0, 0])),
            ]),
        Row(
            "\u{1B}[?2026;2$y\u{1B}[?2027;0$y",
            [
                .reply(.mode(2026, .reset)), .reply(.mode(2027, .unknown)),
            ]),
        Row(
            "\u{1B}]11;rgb:00/80/ffff\u{7}x",
            [
                .reply(.background(red: 0, green: 128.0 / 255, blue: 1)), .text("x"),
            ]),
        Row("\u{1B}P>|XTerm(370)\u{1B}\\x", [.reply(.version("XTerm(370)")), .text("x")]),
        Row("\u{1B}[?1u\u{1B}]52;c;QQ==\u{1B}\\", [.reply(.keyboard(1)), .unknown]),
        Row(
            "\u{1B}]11;rgb:zz/0/0\u{7}\u{1B}[999999999999999999999;1R",
            [
                .unknown, .reply(.cursor(row: 0, column: 1)),
            ]),
        // An answer that is cut off by a key.
        Row("\u{1B}]11;rgb\u{1B}[A\u{1B}[12\rx", [.up, .enter, .text("x")]),
        Row("\u{1B}P endless\u{3}x", [.control("c"), .text("x")]),
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
        var whole = KeyDecoder(guessesPastes: false)
        #expect(whole.feed(row.bytes) == row.keys)
        var split = KeyDecoder(guessesPastes: false)
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

    @Test("however the bytes are split, the keys are the same", arguments: 1...8)
    func anySplit(seed: UInt64) {
        var generator = Seeded(state: seed)
        for _ in 0..<500 {
            let rows = (0..<Int.random(in: 1...8, using: &generator)).compactMap { _ in
                Self.table.randomElement(using: &generator)
            }
            // What was cut off changes what follows, but not with the split.
            let bytes = rows.flatMap(\.bytes)
            var whole = KeyDecoder(guessesPastes: false)
            let expected = joined(whole.feed(bytes))
            var split = KeyDecoder(guessesPastes: false)
            var keys: [Key] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(9, rest.count), using: &generator)
                keys += split.feed(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(joined(keys) == expected, "seed \(seed): \(bytes)")
        }
    }

    @Test("Escape alone is known by the silence after it")
    func escape() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(!decoder.isWaiting)
        #expect(decoder.feed([0x1B, 0x5B]) == [])
        #expect(decoder.flush() == [.alt("[")])
        #expect(decoder.feed([0x61]) == [.text("a")])
    }

    @Test("an answer that comes in two halves is no text, and an endless one ends")
    func slowAnswer() {
        var decoder = KeyDecoder()
        #expect(decoder.feed(Array("\u{1B}[24;8".utf8)) == [])
        #expect(decoder.flush() == [])
        #expect(decoder.feed(Array("0R".utf8)) == [.reply(.cursor(row: 24, column: 80))])
        #expect(decoder.feed(Array("\u{1B}]11;rgb:".utf8)) == [])
        #expect(decoder.flush() == [])
        #expect(decoder.feed(Array("0/0/0\u{7}".utf8)).count == 1)
        #expect(decoder.feed(Array("\u{1B}]11;rgb:".utf8)) == [])
        while decoder.isWaiting { #expect(decoder.flush() == []) }
        #expect(decoder.feed([0x61]) == [.text("a")])
    }

    @Test("without markers, lines that come at once are a paste")
    func guessedPaste() {
        var decoder = KeyDecoder()
        #expect(decoder.feed(Array("one\rtwo\rthree\rfo".utf8)) == [])
        #expect(decoder.feed(Array("ur".utf8)) == [])
        #expect(decoder.flush() == [.paste("one\ntwo\nthree\nfour")])
        #expect(decoder.feed(Array("a\rb\r".utf8)) == [.text("a"), .enter, .text("b"), .enter])
        // Enter held down is no paste, and a terminal that marks pastes is believed.
        #expect(decoder.feed(Array("\r\r\r\r".utf8)).count == 4)
        #expect(decoder.feed(Array("\u{1B}[200~x\u{1B}[201~".utf8)) == [.paste("x")])
        #expect(decoder.feed(Array("a\rb\rc\r".utf8)).count == 6)
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
                #expect(!text.isEmpty)
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
