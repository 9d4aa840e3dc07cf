import Terminal
import Testing

@Suite struct WrapTests {
    private func rows(_ text: String, columns: Int, indent: Int = 0) -> [String] {
        Wrap(columns: columns, indent: indent).rows(of: StyledText(SafeText(untrusted: text)))
            .map(\.text.string)
    }

    @Test("a line is broken at spaces, two columns before the edge, under its own beginning")
    func words() {
        #expect(rows("one two three", columns: 12) == ["one two", "three"])
        #expect(
            rows("14:02 ann  one two three fourth", columns: 24, indent: 11)
                == ["14:02 ann  one two", "           three", "           fourth"])
        // No indent that would leave no room for text.
        #expect(rows("0123456789 one two", columns: 12, indent: 8) == ["0123456789", "one two"])
        #expect(rows("", columns: 20) == [""])
        #expect(rows("  two  spaces  ", columns: 20) == ["  two  spaces"])
        #expect(rows("exactly8 x", columns: 10) == ["exactly8", "x"])
    }

    @Test("a long word is broken between clusters, signs of CJK anywhere")
    func long() {
        #expect(rows("abcdefghijkl", columns: 8) == ["abcdef", "ghijkl"])
        #expect(rows("x abcdefghijkl", columns: 10) == ["x", "abcdefgh", "ijkl"])
        #expect(rows("日本語日本語", columns: 10) == ["日本語日", "本語"])
        #expect(rows("ab日本語", columns: 8) == ["ab日本", "語"])
        // By the most cells that a terminal gives them.
        #expect(rows("👍🏽👍🏽👍🏽", columns: 10) == ["👍🏽👍🏽", "👍🏽"])
        #expect(rows("👩‍👩‍👧‍👦", columns: 6) == ["👩‍👩‍👧‍👦"])
    }

    @Test("a link goes to the next row whole, and where it is longer than one, from its beginning")
    func links() {
        #expect(
            rows("ann: see https://a.org/bcd ok", columns: 24, indent: 5)
                == ["ann: see", "     https://a.org/bcd", "     ok"])
        let link = "https://a.org/" + String(repeating: "x", count: 40)
        #expect(
            rows("ann: see \(link) ok", columns: 24, indent: 5) == ["ann: see", link, "     ok"])
        let wrap = Wrap(columns: 20)
        #expect(wrap.height(of: [StyledText(SafeText(untrusted: link)), "x", ""]) == 5)
    }

    @Test("styles stay with their text")
    func styles() {
        let line: StyledText = "\("ann", .strong): one \("two three", .error)"
        let rows = Wrap(columns: 14).rows(of: line)
        #expect(rows == ["\("ann", .strong): one \("two", .error)", StyledText("three", .error)])
    }

    @Test(
        "nothing is lost, nothing is too wide, and there is no indent without room for text",
        arguments: 1...4)
    func random(seed: UInt64) {
        var generator = Seeded(state: seed)
        let pieces = CellWidthTests.table.map(\.text) + ["word", "https://x.org/", " ", "  ", "-"]
        for _ in 0..<150 {
            let text = (0..<Int.random(in: 0...40, using: &generator)).compactMap { _ in
                pieces.randomElement(using: &generator)
            }.joined(separator: Bool.random(using: &generator) ? " " : "")
            let columns = Int.random(in: 1...60, using: &generator)
            let wrap = Wrap(columns: columns, indent: Int.random(in: 0...30, using: &generator))
            let safe = SafeText(untrusted: text)
            let rows = wrap.rows(of: StyledText(safe))
            let joined = rows.map(\.text.string).joined()
            #expect(joined.filter { $0 != " " } == safe.string.filter { $0 != " " })
            for row in rows where !row.text.string.contains("://") {
                let clusters = Array(row.text.clusters).count { $0 != " " }
                #expect(CellWidth().most(row) <= max(1, columns - Wrap.margin) || clusters == 1)
            }
        }
    }

    @Test("a word of a hundred thousand letters takes time in proportion", .timeLimit(.minutes(1)))
    func huge() {
        let rows = rows(String(repeating: "x", count: 100_000), columns: 80)
        #expect(rows.count == (100_000 + 77) / 78)
    }
}
