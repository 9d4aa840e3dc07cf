import Testing

@testable import Client

@Suite("Names as they are shown and compared") struct ShownNameTests {
    @Test(
        "what is not seen is not shown, and what is shown alike is the same name",
        arguments: [
            ("ann", "ann"), ("  ann \u{A0} b\t ", "ann b"), ("\u{2800}\u{200B}", ""),
            ("ann\u{2800}", "ann"), ("\u{2800}ann", "ann"), ("an\u{2800}n", "an n"),
            ("ann\u{1D159}", "ann"), ("ann\u{16FE4}", "ann"), ("a\u{16FE4}nn", "ann"),
            ("\u{FFFC}ann", "ann"), ("ann\u{13441}", "ann"), ("ann\u{3164}", "ann"),
            ("ann\u{200D}", "ann"), ("ann\u{FE0F}", "ann"), ("ann\u{94D}", "ann"),
            ("ann\u{1107F}", "ann"), ("\u{16FE4}ann", "ann"),
            ("\u{301}\u{302}ann", "ann"), ("ann\u{E0041}", "ann"), ("\u{202E}ann", "ann"),
        ])
    func sameAsPlain(name: String, shown: String) {
        let made = ShownName(name)
        #expect(made.text.unicodeScalars.elementsEqual(shown.unicodeScalars))
        #expect(made.folded == ShownName(shown).folded)
        #expect(made.isEmpty == shown.isEmpty)
    }

    @Test(
        "case, form and what a terminal may not show make no difference",
        arguments: [
            ("Zoë", "zoe\u{308}"), ("ann", "\u{FF41}nn"), ("IV", "\u{2163}"),
            ("ann", "ann\u{1FAE8}"),
            ("علی\u{200C}رضا", "علیرضا"), ("a\u{E000}", "a\u{F0000}"), ("ann", "ann\u{1161}"),
        ])
    func same(one: String, other: String) {
        #expect(ShownName(one).folded == ShownName(other).folded)
    }

    @Test(
        "names that are honestly two stay two, and scripts keep their marks",
        arguments: [
            ("andre", "andré"), ("Ann", "Аnn"), ("l", "1"), ("annb", "ann b"), ("ann", "ann□"),
            ("นุ่น", "นน"), ("रवि", "रव"), ("山田", "山口"), ("\u{1FAE8}", "\u{1FAE9}"),
        ])
    func different(one: String, other: String) {
        #expect(ShownName(one).folded != ShownName(other).folded)
    }

    @Test(
        "a name of any script is shown as it is",
        arguments: [
            "Zoë B", "Nguyễn Thị", "Ọ̀ṣun", "नेहा शर्मा", "นุ่น", "علی\u{200C}رضا", "山田・太郎", "김민준",
            "👩\u{200D}💻", "❤\u{FE0F} ann", "🇩🇪 jo", "👍🏽",
        ])
    func kept(name: String) {
        #expect(ShownName(name).text == name)
    }

    @Test("two long names that begin alike are one name as shown, whatever follows")
    func long() {
        let name = "Konstantinos-Alexandros Papadimitriou"
        let other = "Konstantinos-Alexandros Papadimzzz"
        #expect(ShownName(name).text == "Konstantinos-Alexandros Papadimi")
        #expect(ShownName(name).folded != ShownName(other).folded)
        let longer = String(repeating: "x", count: 32)
        for count in 33...200 {
            let name = ShownName(longer + String(repeating: "y", count: count - 32))
            #expect(name.text == longer)
            #expect(name.folded == ShownName(longer).folded)
        }
    }
}
