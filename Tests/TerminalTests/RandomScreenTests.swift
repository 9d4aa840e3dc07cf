import Terminal
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keys, pastes, changes of size, printed lines and live rows in random order, on terminals of every
/// kind. After each step the live region is where it belongs and right, the cursor is where the
/// text says, and every printed row is there, once, in order and unharmed.
@Suite struct RandomScreenTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        var widths: ModelTerminal.Widths
        var resizing: ModelTerminal.Resizing
        var takesFromPast: Bool
        var answers: Bool
        var testDescription: String {
            "\(widths), \(resizing), from past: \(takesFromPast), answers: \(answers)"
        }

        static let all: [Kind] = ModelTerminal.Widths.allCases.flatMap { widths in
            ModelTerminal.Resizing.allCases.flatMap { resizing in
                [(true, true), (false, false), (true, false)].map {
                    Kind(widths: widths, resizing: resizing, takesFromPast: $0.0, answers: $0.1)
                }
            }
        }
    }

    /// Eighteen kinds: more than ten thousand steps in all. A change of size costs what the past of
    /// the terminal is long, so it begins anew now and then.
    private static let (rounds, steps) = (6, 100)

    /// Where the stories begin: at the same place each time, unless another is asked for.
    private static let firstSeed =
        getenv("SCREEN_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    @Test(
        "through random steps nothing printed is lost and the live region is right",
        arguments: Kind.all)
    func random(kind: Kind) {
        for round in 0..<Self.rounds {
            let seed = Self.firstSeed &+ UInt64(round)
            print("random screen (\(kind.testDescription)): seed \(seed)")
            var stage = Stage(kind, seed: seed)
            for step in 1...Self.steps {
                stage.step(mayResize: step > Self.steps / 2)
                if let fault = stage.fault(complete: step % 50 == 0) {
                    Issue.record("seed \(seed), \(kind.testDescription), step \(step): \(fault)")
                    return
                }
            }
        }
    }
}

/// A terminal, a screen, an editor, and what should be seen.
private struct Stage {
    private let kind: RandomScreenTests.Kind
    private var generator: Seeded
    private var terminal: ModelTerminal
    private var screen: InlineScreen
    private var editor = LineEditor()
    private var decoder = KeyDecoder()
    /// Printed lines by their rows; each first row begins with its number.
    private var printed: [[String]] = []
    private var status: [StyledText] = []
    private var live = LiveRegion(rows: [])
    /// Whether live regions may leave something behind: after a change of size, which no terminal
    /// tells before it has moved its rows, and where widths are drawn larger than they may be.
    private var mayLeave: Bool
    private var bytesOfKey = 0

    init(_ kind: RandomScreenTests.Kind, seed: UInt64) {
        self.kind = kind
        generator = Seeded(state: seed)
        let size = TerminalSize(columns: 60, rows: 20)
        terminal = ModelTerminal(
            size, widths: kind.widths, resizing: kind.resizing, takesFromPast: kind.takesFromPast)
        screen = InlineScreen(
            size: size,
            capabilities: InlineScreenTests.capabilities(
                rewraps: kind.resizing == .rewraps, asks: kind.answers))
        mayLeave = kind.widths != .least
    }

    private static let pieces: [String] = [
        "word", "a", "longer-than-most-words", "日本語", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "❤\u{FE0F}",
        "1\u{FE0F}\u{20E3}",
        "क्षि", "e\u{301}", "한국", "\u{1F1E9}", "https://example.org/a/rather/long/path?with=more",
        "a\u{1B}[2J\u{1B}[3Jb", "\u{9B}31m", "\u{202E}", "\t", "\u{301}", "ﷺ", "☰",
    ]

    private mutating func text() -> String {
        (0..<Int.random(in: 0...9, using: &generator)).compactMap { _ in
            Self.pieces.randomElement(using: &generator)
        }.joined(separator: " ")
    }

    mutating func step(mayResize: Bool) {
        bytesOfKey = 0
        switch Int.random(in: 0..<12, using: &generator) {
        case 0 where mayResize:
            mayLeave = true
            resize()
        case 0: break
        case 1:
            let count = Int.random(in: 0...3, using: &generator)
            status = (0..<count).map { number in
                StyledText("~ \(number) \(SafeText(untrusted: text()))", .quiet)
            }
            update([])
        case 2: key(.paste((0..<3).map { _ in text() }.joined(separator: "\n")))
        case 3...7: typing()
        default: update((0..<Int.random(in: 1...4, using: &generator)).map { _ in line() })
        }
    }

    private mutating func line() -> [StyledText] {
        let name = NamePalette.index(of: [UInt8(truncatingIfNeeded: printed.count)])
        var line = StyledText("#\(printed.count) ", .name(name))
        line.append(SafeText(untrusted: text()), .mention)
        let rows = Wrap(columns: terminal.size.columns, indent: 3).rows(of: line)
        printed.append(rows.map(\.text.string).map(ModelTerminal.trimmed))
        return rows
    }

    private mutating func typing() {
        let keys: [Key] = [
            .left, .right, .home, .end, .up, .down, .backspace, .wordLeft, .control("w"), .newline,
            .control("y"), .control("u"), .enter, .control("_"), .control("t"),
        ]
        let typed = Self.pieces.randomElement(using: &generator).map { Key.text($0) }
        key(
            Bool.random(using: &generator)
                ? typed ?? .left : keys.randomElement(using: &generator) ?? .left)
    }

    private mutating func key(_ key: Key) {
        _ = editor.handle(key)
        update([])
    }

    private mutating func update(_ lines: [[StyledText]]) {
        let rows = screen.maximumRows
        let shown = status.prefix(rows - 1)
        let area = InputArea(
            prompt: "> ", columns: terminal.size.columns, maximumRows: min(8, rows - shown.count))
        live = LiveRegion(above: Array(shown), area.draw(editor))
        write(screen.update(printing: lines.flatMap { $0 }, live: live))
    }

    private mutating func write(_ output: String) {
        bytesOfKey += output.utf8.count
        terminal.write(output)
    }

    private mutating func resize() {
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            let columns = Int.random(in: 12...60, using: &generator)
            let rows = Int.random(in: 4...24, using: &generator)
            let size = TerminalSize(columns: columns, rows: rows)
            if kind.resizing == .clips { clip(to: size.columns) }
            terminal.resize(to: size)
            screen.resize(to: size)
        }
        write(screen.askCursor)
        for answer in terminal.takeAnswers() {
            for case .reply(.cursor(let row, let column)) in decoder.feed(Array(answer.utf8)) {
                screen.learn(cursorRow: row, column: column)
            }
        }
        update([])
    }

    /// What the terminal cuts off printed rows is not our doing.
    private mutating func clip(to columns: Int) {
        for line in printed.indices {
            for row in printed[line].indices {
                var room = columns
                let kept = printed[line][row].prefix {
                    room -= terminal.width($0)
                    return room >= 0
                }
                if kept.count < printed[line][row].count {
                    printed[line][row] = ModelTerminal.trimmed(String(kept))
                }
            }
        }
    }
}

// MARK: What must be so

extension Stage {
    func fault(complete: Bool) -> String? {
        if let fault = terminal.faults.first { return fault }
        if !terminal.cursorIsVisible { return "the cursor is hidden" }
        if terminal.bells > 0 { return "a bell" }
        return liveFault() ?? (complete ? printedFault() : nil)
    }

    private func liveFault() -> String? {
        let size = terminal.size
        if live.rows.count > max(1, min(size.rows / 2, size.rows - 2)) { return "too tall" }
        let first = terminal.cursorRow - live.cursor.row
        let shown = live.rows.map {
            ModelTerminal.trimmed($0.fitting(columns: size.columns - 1).text.string)
        }
        let there = terminal.rows[first..<first + shown.count].map(\.text)
        if there != shown { return "live rows are \(there), not \(shown)" }
        if terminal.rows[(first + shown.count)...].contains(where: { !$0.text.isEmpty }) {
            return "something is below the live region"
        }
        let before = String(
            decoding: live.rows[live.cursor.row].text.string.utf8.prefix(live.cursor.offset),
            as: UTF8.self)
        let column = min(terminal.width(before), size.columns - 1)
        return terminal.column == column
            ? nil : "the cursor is at \(terminal.column), not \(column)"
    }

    /// Of a link that the terminal wrapped it then cut off the rows one by one.
    private func isSame(_ there: String, _ row: String) -> Bool {
        kind.resizing == .clips && row.hasPrefix("http") ? there.hasPrefix(row) : there == row
    }

    private func printedFault() -> String? {
        let lines = terminal.lines
        var rest = lines[...]
        for rows in printed {
            let number = rows[0].prefix { $0 != " " }
            guard let start = rest.firstIndex(where: { $0.prefix { $0 != " " } == number }) else {
                return "\(rows[0]) is lost, or out of order"
            }
            if !mayLeave, start != rest.startIndex {
                return "\(rest[rest.startIndex]) is left over"
            }
            let there = lines[start...].prefix(rows.count)
            if !there.elementsEqual(rows, by: isSame) { return "\(there) was \(rows)" }
            rest = lines[(start + rows.count)...]
        }
        let numbers = lines.compactMap { $0.hasPrefix("#") ? $0.prefix { $0 != " " } : nil }
        if numbers.count != Set(numbers).count { return "something was printed twice" }
        return !mayLeave && rest.count > live.rows.count ? "\(rest) is left over" : nil
    }
}
