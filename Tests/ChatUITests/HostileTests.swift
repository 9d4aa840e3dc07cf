import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

/// Text that wants to do something to a terminal, and what of it is to be seen.
private struct Hostile: Sendable, CustomTestStringConvertible {
    var text: String
    var harmless: String
    init(_ text: String, _ harmless: String) { (self.text, self.harmless) = (text, harmless) }
    var testDescription: String { String(harmless.prefix(24)) }
}

private let corpus: [Hostile] = [
    .init("\u{1B}[31mred\u{1B}[0m", "␛[31mred␛[0m"),
    .init("\u{1B}[2J\u{1B}[3J\u{1B}[H", "␛[2J␛[3J␛[H"),
    .init("\u{1B}]0;title\u{7}", "␛]0;title␇"),
    .init("\u{1B}]8;;file:///etc/passwd\u{1B}\\x", "␛]8;;file:///etc/passwd␛\\x"),
    .init("\u{1B}]52;c;ZXZpbA==\u{7}", "␛]52;c;ZXZpbA==␇"),
    .init("\u{1B}P$qm\u{1B}\\", "␛P$qm␛\\"), .init("\u{1B}[6n\u{1B}[c", "␛[6n␛[c"),
    .init("\u{1B}[?1049h\u{1B}[?1000h", "␛[?1049h␛[?1000h"), .init("\u{1B}c\u{1B}#8", "␛c␛#8"),
    .init("\u{1B}[201~\u{1B}[200~", "␛[201~␛[200~"),
    .init("\u{1B}Ptmux;\u{1B}\u{1B}]x", "␛Ptmux;␛␛]x"),
    .init("\u{9B}31mX\u{9D}0;t\u{9C}", "\u{FFFD}31mX\u{FFFD}0;t\u{FFFD}"),
    .init("\u{E}\u{F}\u{7F}\0\u{8}\u{8}", "␎␏␡␀␈␈"),
    .init("a\u{202E}b\u{202D}c\u{2066}d\u{2069}e\u{200F}f\u{61C}", "abcdef"),
    .init("a\u{AD}b\u{200B}c\u{FEFF}d\u{2060}e\u{E0041}f", "abcdef"),
    .init("a\tb", "a    b"),
    .init(
        "e" + String(repeating: "\u{301}", count: 1000),
        "e" + String(repeating: "\u{301}", count: 8)),
    .init("\u{301}\u{302}x", "\u{25CC}\u{301}\u{302}x"),
    .init("\u{E000}\u{F0000}\u{10FFFF}", "□□□"),
    .init("x\u{200D}y\u{200D}", "xy"), .init("%n%s%x", "%n%s%x"),
    .init(String(repeating: "\u{200D}", count: 1000) + "z", "z"),
    .init("\u{3164}\u{115F}\u{FFA0}a", "a"),
]

@Suite("Hostile text") struct HostileTests {
    /// Everything that is shown when the text is a name, what is said, and a file's name.
    private func shown(text: String, name: String, file: String, columns: Int) -> [StyledText] {
        let person = Samples.person(5, name, "11111111")
        let newcomer = Newcomer(attachment: AttachmentID(6), name: name, keyTag: "22222222")
        var update = TransferUpdate(
            number: OfferNumber(2), direction: .receiving, state: .running, peer: person,
            fileName: file, bytes: 1, size: 10)
        var events: [ClientEvent] = [
            Samples.joined(person), Samples.message(text, from: person),
            Samples.message(text, from: person, isAction: true), .notice(text),
            .warning(.init(kind: .unreadable, person: person, sentence: text)),
            .person(person, .renamed(from: name)), .keyChanged(person, formerKeyTags: [name]),
            .newcomer(newcomer), .decided(newcomer, .refused(by: person)),
            .person(person, .removed(by: person)), Samples.offer(name: file), .transfer(update),
        ]
        update.state = .failed(text)
        events.append(.transfer(update))
        update.state = .completed(fileName: file)
        events.append(.transfer(update))
        var model = RoomModel(folder: "/in", link: Samples.link, isLive: true)
        var page = Page(size: TerminalSize(columns: columns, rows: 24))
        var rows: [StyledText] = []
        for event in events {
            rows += model.apply(event, at: Samples.noon).flatMap { page.rows(of: $0) }
            rows += model.live(lines: 10, columns: columns, width: CellWidth())
        }
        rows += model.queued(MessageID(number: 1), text, at: Samples.noon).flatMap {
            page.rows(of: $0)
        }
        return rows + model.live(lines: 10, columns: columns, width: CellWidth())
    }

    @Test("as a name and as what is said it shows what the harmless text shows", arguments: corpus)
    fileprivate func equal(hostile: Hostile) {
        for columns in [20, 40, 80, 300] {
            let rows = shown(text: hostile.text, name: hostile.text, file: "x", columns: columns)
            let wanted = shown(
                text: hostile.harmless, name: hostile.harmless, file: "x", columns: columns)
            #expect(rows == wanted)
        }
    }

    @Test(
        "wherever it comes, the terminal is sent nothing but our own sequences", arguments: corpus)
    fileprivate func bytes(hostile: Hostile) throws {
        var environment = ["TERM": "xterm-256color", "COLORTERM": "truecolor"]
        for locale in ["C.UTF-8", "C"] {
            environment["LC_ALL"] = locale
            let capabilities = Capabilities(environment: environment, isTerminal: true)
            let rows = shown(
                text: hostile.text, name: hostile.text, file: hostile.text, columns: 80)
            var screen = InlineScreen(
                size: TerminalSize(columns: 80, rows: 24), capabilities: capabilities)
            let output = screen.update(printing: rows, live: LiveRegion(rows: [rows[0]]))
            for scalar in Self.withoutOurs(output) {
                let category = scalar.properties.generalCategory
                let isJoiner = scalar == "\u{200D}"
                #expect(category != .control)
                #expect(category != .format || isJoiner)
                #expect(!scalar.properties.isBidiControl)
                #expect(locale == "C.UTF-8" || scalar.isASCII)
            }
        }
    }

    /// The text without line ends and without sequences that move, erase and colour.
    private static func withoutOurs(_ output: String) -> [Unicode.Scalar] {
        var rest: [Unicode.Scalar] = []
        var scalars = output.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\r" || scalar == "\n" { continue }
            guard scalar == "\u{1B}", scalars.first == "[" else {
                rest.append(scalar)
                continue
            }
            scalars.removeFirst()
            let parameters = scalars.prefix { ("0"..."9").contains($0) || $0 == ";" || $0 == "?" }
            scalars.removeFirst(parameters.count)
            if let end = scalars.popFirst(), !"hlmGKJAB".unicodeScalars.contains(end) {
                rest += ["\u{1B}", end]
            }
        }
        return rest
    }

    @Test("a word without end is broken, and takes no time to speak of", .timeLimit(.minutes(1)))
    func longWords() {
        for text in [
            String(repeating: "a", count: 1 << 20),
            String(repeating: "\u{1F468}\u{200D}", count: 50_000),
            String(repeating: "漢", count: 300_000), "x://" + String(repeating: "a", count: 1 << 20),
        ] {
            var model = RoomModel(folder: nil, isLive: true)
            var page = Page(size: TerminalSize(columns: 40, rows: 24))
            let told = model.apply(Samples.message(text), at: Samples.noon)
            let rows = told.flatMap { page.rows(of: $0) }
            #expect(Wrap(columns: 40).height(of: rows) <= 20)
            #expect(rows.last?.text.string.hasSuffix(": /show 1") == true)
            _ = model.queued(MessageID(number: 1), text, at: Samples.noon)
            let live = model.live(lines: 10, columns: 39, width: CellWidth())
            #expect(live.allSatisfy { CellWidth().most($0) < 40 })
        }
    }
}
