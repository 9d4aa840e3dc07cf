import Terminal
import Testing

@Suite struct SafeTextTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var raw: String
        var safe: String
        var testDescription: String { String(raw.unicodeScalars.prefix(20)).debugDescription }
        init(_ raw: String, _ safe: String) { (self.raw, self.safe) = (raw, safe) }
    }

    static let table: [Row] = [
        Row("plain text, ünïcödé", "plain text, ünïcödé"),
        Row("a\u{1B}[31mred", "a␛[31mred"), Row("\u{1B}]0;title\u{7}", "␛]0;title␇"),
        Row("\u{1B}]52;c;AAAA\u{1B}\\", "␛]52;c;AAAA␛\\"), Row("\u{1B}P$q", "␛P$q"),
        Row("\u{9B}31mX", "\u{FFFD}31mX"), Row("\u{85}", "\u{FFFD}"), Row("\u{7F}", "␡"),
        Row("a\0b", "a␀b"), Row("a\nb", "a␊b"), Row("a\r\nb", "a␍␊b"), Row("a\tb", "a    b"),
        Row("a\u{2028}b\u{2029}", "a␤b␤"),
        Row("a\u{202E}b\u{2066}c\u{2069}", "abc"), Row("\u{200E}\u{200F}\u{61C}", ""),
        Row("a\u{200B}\u{2060}\u{FEFF}b", "ab"), Row("a\u{AD}b", "ab"),
        Row("a\u{E0067}\u{E007F}b", "ab"), Row("a\u{3164}\u{115F}b", "ab"),
        Row("a\u{E000}\u{10FFFD}\u{FFFF}", "a□□□"), Row("a\u{FFF9}b", "a\u{FFFD}b"),
        Row(
            "e" + String(repeating: "\u{301}", count: 10_000),
            "e" + String(repeating: "\u{301}", count: 8)),
        Row("\u{301}a", "\u{25CC}\u{301}a"),
        Row("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"), Row("❤\u{FE0F}", "❤\u{FE0F}"), Row("1\u{FE0F}\u{20E3}", "1\u{FE0F}\u{20E3}"),
        Row("👍🏽", "👍🏽"), Row("🇩🇪", "🇩🇪"), Row("می\u{200C}خواهم", "می\u{200C}خواهم"),
        Row("a\u{200D}b", "ab"), Row("\u{200D}x", "x"), Row("é\u{200D}", "é"),
        Row("क्षि", "क्षि"), Row("%n%s", "%n%s"),
    ]

    @Test("what came from others becomes what the table says", arguments: table)
    func obeysTable(row: Row) {
        let safe = SafeText(untrusted: row.raw).string
        #expect(
            safe.unicodeScalars.elementsEqual(row.safe.unicodeScalars), "\(safe.debugDescription)")
    }

    @Test("whatever the bytes, the text is harmless, and cleaning it again changes nothing")
    func properties() {
        var generator = Seeded(state: 2)
        let pieces =
            Self.table.map { Array($0.raw.utf8) } + [[0xFF], [0xC3], [0x9B], [0xE2, 0x80]]
        for _ in 0..<5_000 {
            let picked = (0..<Int.random(in: 0...9, using: &generator)).compactMap { _ in
                pieces.randomElement(using: &generator)?.prefix(60)
            }
            let text = SafeText(untrusted: Array(picked.joined()))
            #expect(text.string.unicodeScalars.allSatisfy(Self.isHarmless))
            #expect(SafeText(untrusted: text.string) == text)
        }
    }

    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        return scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            && !properties.isBidiControl && scalar != "\u{2028}" && scalar != "\u{2029}"
            && (!properties.isDefaultIgnorableCodePoint
                || [0x200C, 0x200D, 0xFE0E, 0xFE0F].contains(scalar.value))
    }

    @Test("a chain of a thousand joined people ends soon")
    func joiners() {
        let text = SafeText(untrusted: String(repeating: "👩\u{200D}", count: 1000) + "👩")
        #expect(text.string.unicodeScalars.count { $0 == "\u{200D}" } <= 8 * 112)
        #expect(text.string.allSatisfy { $0.unicodeScalars.count <= 20 })
    }

    @Test("lines end at every sign that ends lines, and nowhere else")
    func lines() {
        let lines = SafeText.lines(untrusted: "a\r\nb\nc\rd\u{2028}e\u{85}f\u{B}g\n").map(\.string)
        #expect(lines == ["a", "b", "c", "d", "e", "f␋g", ""])
        #expect(SafeText.lines(untrusted: "").map(\.string) == [""])
    }

    @Test("literals, safe texts and numbers make safe text")
    func interpolation() {
        let name = SafeText(untrusted: "a\u{1B}")
        let text: SafeText = "\(name): \(3) files"
        #expect(text.string == "a␛: 3 files")
        #expect([text, "x"].joined(separator: ", ").string == "a␛: 3 files, x")
    }
}
