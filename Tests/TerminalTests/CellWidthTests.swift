import Foundation
import Terminal
import TestSupport
import Testing

@Suite struct CellWidthTests {
    /// The hardest clusters: what they look like, the fewest and the most cells.
    static let table: [(text: String, least: Int, most: Int)] = [
        // Plain, wide, narrow.
        ("a", 1, 1), ("é", 1, 1), ("ß", 1, 1), ("日", 2, 2), ("한", 2, 2), ("あ", 2, 2), ("ア", 2, 2),
        ("ｱ", 1, 1), ("Ａ", 2, 2), ("￦", 2, 2), ("　", 2, 2), ("、", 2, 2), ("〈", 2, 2), ("〒", 2, 2),
        ("𠀀", 2, 2), ("㍿", 2, 2), ("ⓐ", 1, 1), ("…", 1, 1), ("█", 1, 1), ("─", 1, 1), ("→", 1, 1),
        ("ﷺ", 1, 1), ("𒀱", 1, 1), ("⸻", 1, 1), ("␛", 1, 1), ("\u{FFFD}", 1, 1), ("€", 1, 1),
        // Marks on letters.
        ("e\u{301}", 1, 1), ("a\u{308}\u{304}", 1, 1), ("ก็", 1, 1), ("กำ", 1, 2), ("ש\u{5C1}", 1, 1),
        ("ع\u{64E}", 1, 1), ("日\u{3099}", 2, 2), ("か\u{3099}", 2, 2), ("q\u{307}\u{323}", 1, 1),
        ("o\u{20DD}", 1, 1), ("\u{25CC}\u{301}", 1, 1),
        // Vowel signs with room of their own, and conjuncts.
        ("क", 1, 1), ("कि", 1, 2), ("की", 1, 2), ("क्षि", 1, 3), ("क्ष", 1, 2), ("ঙ্ক", 1, 2), ("ক্ত", 1, 2),
        ("கு", 1, 2), ("நி", 1, 2), ("കൊ", 1, 2), ("ကို", 1, 1), ("ကျ", 1, 2), ("ខែ", 1, 2),
        ("ພິ", 1, 1),
        // Hangul of single letters.
        ("\u{1112}\u{1161}\u{11AB}", 2, 4), ("\u{1100}\u{1161}", 2, 3), ("\u{1161}", 0, 1),
        // Emoji by themselves.
        ("😀", 2, 2), ("👍", 2, 2), ("🤦", 2, 2), ("🦀", 2, 2), ("🚀", 2, 2), ("⌚", 2, 2), ("⏰", 2, 2),
        ("☔", 2, 2), ("♿", 2, 2), ("⚡", 2, 2), ("✅", 2, 2), ("❌", 2, 2), ("⭐", 2, 2), ("🀄", 2, 2),
        ("🈁", 2, 2), ("🆎", 2, 2), ("❤", 1, 1), ("☀", 1, 1), ("✂", 1, 1), ("☎", 1, 1), ("ℹ", 1, 1),
        ("©", 1, 1), ("▶", 1, 1), ("🖥", 1, 1), ("🌡", 1, 1), ("🏳", 1, 1),
        // What older terminals do not know, or know otherwise.
        ("🫠", 2, 2), ("🫨", 0, 2), ("🫩", 0, 2), ("☰", 1, 2), ("䷀", 1, 2), ("🛜", 0, 2),
        // Selectors.
        ("❤\u{FE0F}", 1, 2), ("☀\u{FE0F}", 1, 2), ("1\u{FE0F}\u{20E3}", 1, 2),
        ("#\u{FE0F}\u{20E3}", 1, 2),
        ("©\u{FE0F}", 1, 2), ("✂\u{FE0F}", 1, 2), ("🖥\u{FE0F}", 1, 2), ("⌚\u{FE0E}", 1, 2),
        ("😀\u{FE0E}", 1, 2), ("日\u{FE00}", 2, 2),
        // Skin tones.
        ("👍🏽", 2, 4), ("👋🏿", 2, 4), ("☝🏻", 1, 3), ("🏽", 2, 2), ("🧑🏽‍🚀", 2, 6), ("🤝🏾", 2, 4),
        // Joined.
        ("👩‍👩‍👧‍👦", 2, 8), ("👩‍🚀", 2, 4), ("❤\u{FE0F}‍🔥", 1, 4), ("🏳\u{FE0F}‍🌈", 1, 4), ("🏴‍☠\u{FE0F}", 2, 3),
        ("🧑‍🤝‍🧑", 2, 6), ("👁\u{FE0F}‍🗨\u{FE0F}", 1, 3), ("🐻‍❄\u{FE0F}", 2, 3), ("😶‍🌫\u{FE0F}", 2, 3),
        ("👨🏻‍❤\u{FE0F}‍💋‍👨🏿", 2, 11),
        // Flags.
        ("🇩🇪", 2, 4), ("🇯🇵", 2, 4), ("🇩", 1, 2), ("🏴\u{E0067}\u{E0062}\u{E007F}", 2, 2),
    ]

    @Test("a hundred hard clusters have the widths that terminals give them", arguments: table)
    func hardClusters(row: (text: String, least: Int, most: Int)) {
        #expect(row.text.count == 1)
        let range = CellWidth().range(Character(row.text))
        #expect(range == row.least...row.most, "\(row.text.unicodeScalars.map { $0.value })")
    }

    @Test("where the terminal takes clusters for one sign, hardly any width is in doubt")
    func clusters() {
        let width = CellWidth(isByCluster: true)
        for text in ["👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "❤\u{FE0F}", "1\u{FE0F}\u{20E3}", "🧑🏽‍🚀", "🏴‍☠\u{FE0F}"] {
            #expect(width.range(Character(text)) == 2...2, "\(text)")
        }
        #expect(width.range(Character("क्षि")) == 1...2)
        #expect(width.range("日" as Character) == 2...2)
        #expect(width.range("a" as Character) == 1...1)
        for row in Self.table {
            let range = width.range(Character(row.text))
            #expect(range.upperBound <= max(2, row.least), "\(row.text)")
        }
    }

    @Test("the width of a text is the sum of its clusters")
    func sum() {
        var generator = Seeded(state: 5)
        for _ in 0..<500 {
            let texts = (0..<Int.random(in: 0...9, using: &generator)).compactMap { _ in
                Self.table.randomElement(using: &generator)?.text
            }
            let text = SafeText(untrusted: texts.joined(separator: " "))
            let most = text.string.reduce(0) { $0 + CellWidth().most($1) }
            #expect(CellWidth().most(text) == most)
            #expect(CellWidth().range(text).lowerBound <= most)
        }
    }

    @Test("clusters are those of Unicode's own test file")
    func graphemeBreaks() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "GraphemeBreakTest.txt")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        #expect(lines.count == 602)
        for line in lines {
            var clusters: [[UInt32]] = []
            for field in line.split(separator: " ") {
                switch field {
                case "÷": clusters.append([])
                case "×": break
                default: clusters[clusters.count - 1].append(try #require(UInt32(field, radix: 16)))
                }
            }
            clusters.removeLast()
            // Since Unicode 16 the scissors are no pictograph any more.
            if clusters == [[0x2701, 0x200D, 0x2701]] { continue }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: clusters.joined().compactMap(Unicode.Scalar.init))
            #expect(String(text).map { $0.unicodeScalars.map(\.value) } == clusters, "\(line)")
        }
    }

    @Test("the tables ascend, so that bisection finds everything")
    func bisection() {
        for value in [0x1100, 0x115E, 0x2E80, 0x3FFFD, 0x1F600] as [UInt32] {
            #expect(Unicode.Scalar(value).map { CellWidth().range(Character($0)) } == 2...2)
        }
        for value in [0x10FF, 0x303F, 0x2E7F, 0x1F5FA] as [UInt32] {
            #expect(Unicode.Scalar(value).map { CellWidth().range(Character($0)) } == 1...1)
        }
    }
}
