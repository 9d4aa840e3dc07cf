import Terminal
import Testing

@Suite struct InlineScreenTests {
    static func capabilities(
        rewraps: Bool = false, asks: Bool = false, synchronizes: Bool = false
    ) -> Capabilities {
        var result = Capabilities(
            environment: ["TERM": asks ? "xterm" : "vt220", "LANG": "C.UTF-8"], isTerminal: true)
        result.resizing = rewraps ? .rewraps : .clips
        result.synchronizesOutput = synchronizes
        return result
    }

    private let size = TerminalSize(columns: 40, rows: 10)

    private func live(_ rows: StyledText..., cursor: LiveRegion.Cursor? = nil) -> LiveRegion {
        LiveRegion(rows: rows, cursor: cursor)
    }

    @Test("a line that comes is printed above what is live, and the cursor stays in the input")
    func printsAbove() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        let input = live("> hello", cursor: .init(row: 0, offset: 5))
        terminal.write(screen.update(live: input))
        terminal.write(
            screen.update(printing: ["ann: hi"], live: LiveRegion(above: ["50 %"], input)))
        terminal.write(screen.update(printing: ["ben: ho", "ben: hm"], live: input))
        #expect(terminal.lines == ["ann: hi", "ben: ho", "ben: hm", "> hello"])
        #expect((terminal.cursorRow, terminal.column) == (3, 5))
        #expect(terminal.cursorIsVisible)
        #expect(terminal.faults == [])
    }

    @Test("nothing is written when nothing changed, and a key costs a few bytes")
    func small() {
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        _ = screen.update(live: live("status", "> hello"))
        #expect(screen.update(live: live("status", "> hello")) == "")
        let typed = screen.update(live: live("status", "> hello!"))
        #expect(typed.utf8.count <= 24, "\(typed.debugDescription)")
        let moved = screen.update(
            live: live("status", "> hello!", cursor: .init(row: 1, offset: 3)))
        #expect(moved.utf8.count <= 8, "\(moved.debugDescription)")
    }

    @Test("a frame is marked as one where the terminal said that it knows the marks")
    func frames() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(
            size: size, capabilities: Self.capabilities(synchronizes: true))
        let output = screen.update(printing: ["a"], live: live("> "))
        #expect(output.hasPrefix("\u{1B}[?2026h") && output.hasSuffix("\u{1B}[?2026l"))
        terminal.write(output)
        #expect(!terminal.isInFrame)
    }

    @Test("a live region that is too tall or too wide is cut, not wrapped")
    func cut() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        let wide = StyledText(("0123456789" as SafeText).repeated(9))
        let rows = (0..<20).map { StyledText("row \($0)") } + [wide]
        terminal.write(screen.update(live: LiveRegion(rows: rows)))
        #expect(terminal.lines.count == screen.maximumRows)
        #expect(terminal.lines.last?.count == 39)
        #expect(terminal.cursorRow == 4)
        terminal.write(
            screen.update(live: LiveRegion(rows: rows, cursor: .init(row: 3, offset: 2))))
        #expect(terminal.lines == (0..<5).map { "row \($0)" })
        #expect((terminal.cursorRow, terminal.column) == (3, 2))
        #expect(terminal.faults == [])
    }

    @Test("a link that the terminal wraps leaves nothing behind and loses nothing")
    func longLink() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        let below = live("a live row that is long enough to show", "> typed")
        terminal.write(screen.update(live: below))
        // As wide as two rows: the terminal waits at the edge.
        let link = StyledText(("https://a/" as SafeText).repeated(8))
        terminal.write(screen.update(printing: [link, "after"], live: below))
        #expect(
            terminal.lines
                == [link.text.string, "after", below.rows[0].text.string, "> typed"])
        #expect(terminal.faults == [])
    }

    @Test("leaving takes the live region away; after a while elsewhere it comes back whole")
    func erase() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        terminal.write(screen.update(printing: ["ann: hi"], live: live("a", "b")))
        terminal.write(screen.erase())
        #expect(terminal.lines == ["ann: hi"])
        #expect((terminal.cursorRow, terminal.column) == (1, 0))
        #expect(screen.erase() == "")
        terminal.write("$ fg\r\n" + screen.update(live: live("a", "b")))
        #expect(terminal.lines == ["ann: hi", "$ fg", "a", "b"])
    }

    @Test("Ctrl-L moves everything into the past and clears nothing")
    func scrollAway() {
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        let printed = (0..<14).map { StyledText("line \($0)") }
        terminal.write(screen.update(printing: printed, live: live("s", "> x")))
        terminal.write(screen.scrollAway(live: live("s", "> x")))
        #expect(terminal.lines.prefix(14) == printed.map(\.text.string)[...])
        #expect(terminal.lines.suffix(2) == ["s", "> x"])
        #expect(terminal.cursorRow == terminal.rows.count - size.rows + 1)
        terminal.write(screen.update(printing: ["next"], live: live("s", "> x")))
        #expect(terminal.lines.suffix(3) == ["next", "s", "> x"])
        #expect(terminal.faults == [])
    }

    @Test("where the terminal's answer speaks against what was assumed, no message is eaten")
    func learns() {
        // Taken for one that wraps anew, it clips.
        var terminal = ModelTerminal(size, resizing: .clips)
        var screen = InlineScreen(
            size: size, capabilities: Self.capabilities(rewraps: true, asks: true))
        let long: StyledText = "status: 123456789 123456789 12345"
        let printed = (0..<6).map { StyledText("message \($0)") }
        terminal.write(
            screen.update(printing: printed, live: live(long, long, "> typed and typed on")))
        let narrow = TerminalSize(columns: 12, rows: 10)
        terminal.resize(to: narrow)
        screen.resize(to: narrow)
        terminal.write(screen.askCursor)
        #expect(terminal.takeAnswers() == ["\u{1B}[9;12R"])
        screen.learn(cursorRow: 9, column: 12)
        #expect(screen.askCursor == "")
        terminal.write(screen.update(live: live("status: 1", "> typed")))
        #expect(terminal.lines == printed.map(\.text.string) + ["status: 1", "> typed"])
        // The cursor cannot be further down than its row.
        screen.resize(to: size)
        screen.learn(cursorRow: 1, column: 99)
        #expect(!screen.update(live: live("x", "y")).contains("A"))
    }

    @Test("what is learnt about the terminal is used from the next frame on")
    func adapts() {
        var screen = InlineScreen(size: size, capabilities: Self.capabilities())
        let below = live("👍🏽👍🏽", "> ")
        #expect(!screen.update(live: below).contains("?2026h"))
        screen.adapt(to: Self.capabilities(synchronizes: true))
        #expect(screen.update(live: below).contains("?2026h"))
        screen.adapt(to: Self.capabilities(synchronizes: true))
        #expect(screen.update(live: below) == "")
    }

    @Test("a key costs at most four hundred bytes, in a row of whatever signs")
    func bytesPerKey() {
        let size = TerminalSize(columns: 120, rows: 30)
        for letter in ["x", "é", "日", "👍", "👍🏽"] {
            var screen = InlineScreen(size: size, capabilities: Self.capabilities())
            var editor = LineEditor()
            let area = InputArea(prompt: "> ", columns: size.columns)
            _ = screen.update(live: LiveRegion(above: ["status"], area.draw(editor)))
            for _ in 0..<200 {
                _ = editor.handle(.text(letter))
                let output = screen.update(live: LiveRegion(above: ["status"], area.draw(editor)))
                #expect(output.utf8.count <= 400, "\(letter): \(output.utf8.count)")
            }
        }
    }
}
