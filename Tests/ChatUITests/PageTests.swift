import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite("What is printed on a terminal") struct PageTests {
    private func rows(
        _ told: Told, columns: Int = 40, rows: Int = 24
    ) -> [String] {
        var page = Page(size: TerminalSize(columns: columns, rows: rows))
        return page.rows(of: told).map(\.text.string)
    }

    private func said(_ text: String, name: SafeText = "ann") -> Said {
        Said(time: Samples.noon, name: name, color: NamePalette.index(of: [1]), text: text)
    }

    @Test("the time stands before the name, and all rows of a message are indented under its text")
    func message() {
        #expect(rows(.said(said("hello"))) == ["12:00 ann  hello"])
        #expect(
            rows(.said(said("one two three four five six seven\n13:00 ben  no"))) == [
                "12:00 ann  one two three four five six", "           seven",
                "           13:00 ben  no",
            ])
        var action = said("waves")
        action.isAction = true
        action.isVerified = true
        #expect(rows(.said(action)) == ["12:00 * ✓ann waves"])
        var verified = said("hello")
        verified.isVerified = true
        #expect(rows(.said(verified)) == ["12:00 ✓ann  hello"])
    }

    @Test("no row of a message begins like another's, on the narrowest terminal, too")
    func narrow() {
        let text = "aaaa bbbb cccc 13:00 ben  I owe you money\n13:01 ben  much"
        for columns in 6...60 {
            let all = rows(.said(said(text)), columns: columns, rows: 200)
            #expect(all.dropFirst().allSatisfy { $0.hasPrefix("  ") }, "\(columns) columns")
            #expect(rows(.quiet("ann joined the room")).first?.hasPrefix("-- ") == true)
        }
        let link =
            "x://\u{A0}13:00\u{2003}ben\u{2800} I owe you " + String(repeating: "a", count: 90)
        var model = RoomModel(folder: nil, isLive: true)
        var page = Page(size: TerminalSize(columns: 40, rows: 24))
        let told = model.apply(Samples.message(link), at: Samples.noon)
        let all = told.flatMap { page.rows(of: $0) }.map(\.text.string)
        #expect(!all.contains { $0.hasPrefix("13:00") || $0.hasPrefix("ben") })
    }

    @Test("a link is whole, and so is a line to copy")
    func links() {
        let link = "https://example.org/" + String(repeating: "a", count: 60)
        #expect(
            rows(.said(said("see \(link) there"))) == ["12:00 ann  see", link, "           there"])
        #expect(rows(.bare(SafeText(untrusted: link))) == [link])
    }

    @Test("what is longer than a screen is folded, and shown when asked for")
    func folding() {
        var page = Page(size: TerminalSize(columns: 40, rows: 24))
        let text = (1...100).map { "line \($0)" }.joined(separator: "\n")
        let rows = page.rows(of: .said(said(text))).map(\.text.string)
        #expect(rows.count == 20)
        #expect(rows.first == "12:00 ann  line 1")
        #expect(rows.last == "  ... 100 lines, 791 B in all: /show 1")
        let shown = page.show(1).map(\.text.string)
        #expect(shown.count == 100)
        #expect(shown.last == "           line 100")
        #expect(page.show(nil).count == 100)
        #expect(page.show(2).first?.text.string == "-- there is no folded message of that")
        page.size = TerminalSize(columns: 40, rows: 200)
        #expect(page.rows(of: .said(said(text))).count == 100)
    }

    @Test("a very long message is shown in pieces that make the whole", .timeLimit(.minutes(1)))
    func longMessage() {
        let one = (1...20_000).map { "row \($0)" }.joined(separator: "\n")
        let other = String(repeating: "é", count: 90_000)
        for (number, text) in [one, other].enumerated() {
            var page = Page(size: TerminalSize(columns: 40, rows: 24))
            let folded = page.rows(of: .said(said(text))).map(\.text.string)
            #expect(folded.count == 20)
            var joined = ""
            var pieces = 0
            while true {
                var rows = page.show(nil).map(\.text.string)
                pieces += 1
                let goesOn = rows.last == "  ... /show 1 goes on"
                if goesOn { rows.removeLast() }
                joined += rows.map { String($0.drop { $0 == " " }) }.joined()
                guard goesOn else { break }
            }
            #expect(pieces > 1)
            let wanted = "12:00 ann" + text.replacing("\n", with: "")
            #expect(joined.replacing("ann  ", with: "ann") == wanted, "\(number)")
        }
    }

    @Test(
        "one's name stands out as a word of its own",
        arguments: [
            ("Ann, look", ["Ann"]), ("ann", ["ann"]), ("@ann: hi ann", ["ann", "ann"]),
            ("annual banann ann_ ann1", []), ("anné", []), ("", []), ("thanks ann!", ["ann"]),
            ("ann\u{301}", []),
        ])
    func mentions(text: String, marked: [String]) {
        let spans = Mention.marked(SafeText(untrusted: text), "ann").spans
        #expect(spans.filter { $0.style == .mention }.map(\.text.string) == marked)
        #expect(spans.map(\.text.string).joined() == text)
    }

    @Test("scripts without spaces have names within what is said")
    func mentionsWithoutSpaces() {
        #expect(Mention.isIn("こんにちは山田さん", "山田"))
    }

    @Test("what was said is found again, with its time, newest last")
    func search() {
        var model = RoomModel(folder: nil, isLive: true)
        _ = model.apply(Samples.joined(Samples.ann), at: Samples.noon)
        for number in 1...30 {
            _ = model.apply(Samples.message("Apple \(number)\npear"), at: Samples.noon)
        }
        var tomorrow = Samples.noon
        tomorrow.day = 24
        let found = model.transcript.search("apple", today: Samples.noon).map(\.string)
        #expect(found.count == 20)
        #expect(found.last == "12:00 ann: Apple 30")
        #expect(
            model.transcript.search("apple 30", today: tomorrow).map(\.string)
                == ["Monday, 23 November 2026, 12:00 ann: Apple 30"])
        #expect(model.transcript.search("plum", today: Samples.noon).isEmpty)
    }
}
