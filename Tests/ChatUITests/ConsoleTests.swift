import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite("A person at a terminal") struct ConsoleTests {
    private func console(columns: Int = 80, rows: Int = 24) -> Console {
        var model = RoomModel(folder: "/in", link: Samples.link, isLive: true)
        _ = model.apply(.connection(.connected), at: Samples.noon)
        _ = model.apply(Samples.joined(Samples.ann), at: Samples.noon)
        return Console(model: model, size: TerminalSize(columns: columns, rows: rows))
    }

    private func rows(_ console: Console, maximum: Int = 12) -> [String] {
        console.live(maximumRows: maximum).rows.map(\.text.string)
    }

    @discardableResult
    private func type(_ text: String, _ console: inout Console) -> Console.Effect {
        console.press(.text(text))
    }

    @Test("Enter hands over what was typed; a pasted text loses the line end that nobody meant")
    func entering() {
        var console = console()
        type("hello", &console)
        #expect(rows(console).last == "> hello")
        #expect(console.press(.enter) == .perform("hello"))
        _ = console.press(.paste("one\ntwo\n"))
        #expect(console.press(.enter) == .perform("one\ntwo"))
        #expect(rows(console).last == "> ")
    }

    @Test("a long paste is asked about once, and is still there when neither was wanted")
    func longPaste() {
        let text = String(repeating: "x", count: Console.largePaste + 1)
        var console = console()
        _ = console.press(.paste(text))
        #expect(console.press(.enter) == .draw)
        #expect(rows(console).last?.hasPrefix("32.7 kB of text: m sends it") == true)
        #expect(type("x", &console) == .draw)
        #expect(console.press(.escape) == .draw)
        #expect(rows(console).last?.contains("pasted") == true)
        _ = console.press(.enter)
        #expect(type("f", &console) == .sendAsFile(text))
        _ = console.press(.paste(text))
        _ = console.press(.enter)
        #expect(type("m", &console) == .perform(text))
        #expect(rows(console).last == "> ")
    }

    @Test("leaving asks only while something is under way, and waits if wanted")
    func leaving() {
        var idle = console()
        #expect(idle.press(.control("d")) == .leave)
        #expect(idle.press(.control("d")) == .leaveAtOnce)
        var console = console()
        let id = MessageID(number: 1)
        _ = console.take([.said(id, "x", isAction: false)], at: Samples.noon)
        let more = Samples.transfer(.running, bytes: 1)
        _ = console.apply(more, at: Samples.noon, instant: .now)
        #expect(console.press(.control("d")) == .draw)
        #expect(
            rows(console).last?.hasPrefix("1 message and 1 file are under way: w waits") == true)
        #expect(console.press(.escape) == .draw)
        #expect(console.take([.leave], at: Samples.noon).effect == .draw)
        #expect(type("w", &console) == .draw)
        #expect(rows(console).contains("leaves when all is done; Esc stays"))
        #expect(!console.apply(.sent(id), at: Samples.noon, instant: .now).isDone)
        let done = Samples.transfer(.completed(fileName: "x"), bytes: 1000)
        #expect(console.apply(done, at: Samples.noon, instant: .now).isDone)
        #expect(console.leaveNow() == .leave)
    }

    @Test("a terminal that is closed says so three times over, and is left in good order")
    func closedTerminal() {
        var console = console()
        _ = console.take([.said(MessageID(number: 1), "x", isAction: false)], at: Samples.noon)
        #expect(console.depart() == .leave)
        #expect(console.depart() == .none)
        #expect(console.depart() == .none)
        // A person who asks again does not wait.
        #expect(console.press(.control("d")) == .leaveAtOnce)
    }

    @Test("Ctrl-C clears, then asks, then leaves; the question goes away by itself")
    func interrupting() {
        var console = console()
        type("text", &console)
        #expect(console.press(.control("c")) == .draw)
        #expect(rows(console).last == "> ")
        #expect(console.press(.control("c")) == .draw)
        #expect(rows(console).contains("Ctrl-C again leaves the room"))
        #expect(console.expire() == .draw)
        #expect(console.press(.control("c")) == .draw)
        #expect(console.press(.control("c")) == .leave)
    }

    @Test("what cannot be had here is said in one sentence")
    func refusals() {
        var console = console()
        _ = console.press(.control("x"))
        #expect(console.press(.control("e")) == .draw)
        #expect(rows(console).contains { $0.hasPrefix("no other program can be started") })
        #expect(console.press(.pageUp) == .draw)
        #expect(rows(console).contains { $0.contains("the terminal's own scrollback") })
        #expect(console.press(.control("z")) == .suspend)
        #expect(console.press(.control("l")) == .scrollAway)
    }

    @Test("candidates are seen, the chosen one within the row")
    func candidates() {
        var console = console(columns: 40)
        type("/", &console)
        #expect(console.press(.tab) == .complete("/"))
        let all = Command.names.map { $0 + " " }
        #expect(console.offer(.candidates(all, replacing: 1)) == .draw)
        for name in all {
            let live = console.live(maximumRows: 12)
            let row = live.rows[live.rows.count - 2]
            #expect(row.spans.contains { $0.style == .selected && $0.text.string == name })
            #expect(CellWidth().most(row) < 40)
            #expect(live.rows.last?.text.string.hasPrefix("> \(name)") == true)
            #expect(console.press(.tab) == .draw)
        }
    }

    @Test("messages that come while one looks elsewhere are counted, until one looks")
    func unread() {
        var console = console(columns: 120)
        func hear() { _ = console.apply(Samples.message("x"), at: Samples.noon, instant: .now) }
        hear()
        #expect(!rows(console).contains { $0.contains("new") })
        #expect(console.press(.focus(false)) == .draw)
        hear()
        hear()
        #expect(rows(console).contains { $0.hasSuffix("2 new") })
        _ = console.press(.focus(true))
        #expect(!rows(console).contains { $0.contains("new") })
        _ = console.press(.control("r"))
        hear()
        #expect(rows(console).contains { $0.hasSuffix("1 new") })
    }

    @Test("it rings by what was asked for, only elsewhere, once in five seconds, without the text")
    func ringing() {
        var console = console()
        let start = ContinuousClock.now
        func ring(_ event: ClientEvent, after seconds: Int) -> Notification? {
            let now = start.advanced(by: .seconds(seconds))
            return console.apply(event, at: Samples.noon, instant: now).notification
        }
        _ = console.press(.focus(true))
        #expect(ring(Samples.message("me: hi"), after: 0) == nil)
        _ = console.press(.focus(false))
        #expect(ring(Samples.message("hi"), after: 0) == nil)
        #expect(
            ring(Samples.message("me: hi"), after: 0)
                == Notification(title: "chatbox", body: "ann speaks to you"))
        #expect(ring(Samples.message("me: hi"), after: 4) == nil)
        #expect(ring(Samples.message("me: hi"), after: 5) != nil)
        _ = console.take([.notify(.all, withText: true)], at: Samples.noon)
        #expect(
            ring(Samples.message("a\nb"), after: 10)
                == Notification(title: "chatbox", body: "ann: a"))
        _ = console.take([.notify(NotifyLevel.none, withText: false)], at: Samples.noon)
        #expect(ring(Samples.message("me: hi"), after: 20) == nil)
    }

    @Test("it rings where the terminal never says whether one looks, whatever is typed")
    func ringingUnknown() {
        var console = console()
        type("x", &console)
        let mention = console.apply(Samples.message("me: hi"), at: Samples.noon, instant: .now)
        #expect(mention.notification?.body.string == "ann speaks to you")
        let other = console.apply(Samples.message("hi"), at: Samples.noon, instant: .now)
        #expect(other.notification == nil)
        #expect(!rows(console).contains { $0.contains("new") })
    }

    @Test("whatever happens, the live rows are as many as there may be, and hold the cursor")
    func randomSteps() {
        let seed = UInt64.random(in: .min ... .max)
        var random = Seeded(state: seed)
        var console = console(columns: 30, rows: 10)
        let keys: [Key] = [
            .text("a"), .text("日本"), .text("/"), .newline, .backspace, .left, .up, .down, .tab,
            .paste("x\ny"), .paste(String(repeating: "z", count: 40_000)), .enter, .escape,
            .control("c"), .control("r"), .control("k"), .control("w"), .focus(false),
            .focus(true), .control("d"), .text("w"), .pageUp,
        ]
        for step in 0..<5000 {
            let number = Int.random(in: 1...6, using: &random)
            let events: [ClientEvent] = [
                Samples.message(String(repeating: "word ", count: number * 20)),
                Samples.transfer(.running, bytes: UInt64(number) * 100, number: number),
                Samples.transfer(.completed(fileName: "x"), number: number),
                .sent(MessageID(number: UInt128(step))), .person(Samples.ben, .arrived),
                .person(Samples.ben, .left), .connection(.reconnecting(after: .seconds(1))),
                .connection(.connected), Samples.offer(number),
            ]
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: _ = console.press(keys.randomElement(using: &random) ?? .enter)
            case 5..<8:
                let event = events.randomElement(using: &random) ?? .connection(.connected)
                _ = console.apply(event, at: Samples.noon, instant: .now)
            case 8:
                let id = MessageID(number: UInt128(step + number))
                _ = console.take([.said(id, "own", isAction: false)], at: Samples.noon)
            default:
                let columns = Int.random(in: 8...120, using: &random)
                console.resize(to: TerminalSize(columns: columns, rows: 4 + number * 4))
            }
            let size = console.page.size
            let most = max(1, min(size.rows / 2, size.rows - 2))
            let live = console.live(maximumRows: most)
            #expect(live.rows.count <= most || console.question != nil, "seed \(seed)")
            #expect(live.rows.indices.contains(live.cursor.row), "seed \(seed), step \(step)")
            let fits = live.rows.allSatisfy { CellWidth().most($0) < size.columns }
            #expect(fits, "seed \(seed), step \(step)")
        }
    }
}

/// SplitMix64: the same steps for the same seed.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
