import Terminal
import Testing

@Suite struct LineScreenTests {
    private func input(_ before: String, _ after: String = "") -> LineScreen.Input {
        LineScreen.Input(prompt: "> ", before: before, after: after)
    }

    @Test("a line that comes is printed above the one being typed")
    func printsAbove() {
        var terminal = TinyTerminal(columns: 40)
        var screen = LineScreen(columns: 40, reflows: false)
        terminal.write(screen.draw(live: [], input: input("hel", "lo")))
        terminal.write(screen.print(["ann: hi"], live: ["50 %"], input: input("hel", "lo")))
        terminal.write(screen.print(["ben: ho"], live: [], input: input("hel", "lo")))
        #expect(terminal.lines == ["ann: hi", "ben: ho", "> hello"])
        #expect((terminal.row, terminal.column) == (2, 5))
        #expect(terminal.cursorIsVisible)
        #expect(terminal.faults == [])
    }

    @Test("a long line being typed stays in its row, with the cursor in view")
    func scrolls() {
        var terminal = TinyTerminal(columns: 20)
        var screen = LineScreen(columns: 20, reflows: false)
        let text = "The quick brown fox jumps over the lazy dog"
        for cut in 0...text.count {
            let both = input(String(text.prefix(cut)), String(text.dropFirst(cut)))
            terminal.write(screen.draw(live: [], input: both))
            #expect(terminal.lines.count == 1)
            #expect(terminal.column < 20)
            let line = terminal.lines[0]
            #expect(line.hasPrefix("> "))
            let seen = text.prefix(cut).suffix(5)
            #expect(line.prefix(terminal.column).hasSuffix(seen.drop { $0 == " " }) || cut == 0)
        }
        #expect(terminal.faults == [])
    }

    @Test("what was typed or pasted is shown harmlessly")
    func harmless() {
        var terminal = TinyTerminal(columns: 40)
        var screen = LineScreen(columns: 40, reflows: false)
        terminal.write(screen.draw(live: [], input: input("a\u{1B}[2Jb\nc\td")))
        #expect(terminal.lines == ["> a␛[2Jb⏎c    d"])
        #expect(terminal.faults == [])
    }

    enum Kind: CaseIterable { case clips, reflows }

    @Test(
        "through thousands of random steps every printed line stays, once and in order",
        arguments: Kind.allCases, [1, 2, 3, 4])
    func property(kind: Kind, seed: UInt64) {
        var generator = Seeded(state: seed)
        var terminal = TinyTerminal(columns: 60)
        var screen = LineScreen(columns: 60, reflows: kind == .reflows)
        var printed: [String] = []
        var live: [SafeText] = []
        var typed = ""
        for step in 0..<2_500 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                let columns = Int.random(in: 12...60, using: &generator)
                if kind == .reflows {
                    terminal.reflow(columns: columns)
                } else {
                    terminal.clip(columns: columns)
                }
                screen.resize(columns: columns)
                terminal.write(screen.draw(live: live, input: input(typed)))
            case 1:
                let count = Int.random(in: 0...3, using: &generator)
                live = (0..<count).map { "progress \($0) of a file with a long name" }
                terminal.write(screen.draw(live: live, input: input(typed)))
            case 2...6:
                typed = step.isMultiple(of: 40) ? "" : typed + "x"
                terminal.write(screen.draw(live: live, input: input(typed)))
            default:
                // Short enough to survive the narrowest clipping.
                let line: SafeText = "line \(printed.count)"
                printed.append(line.string)
                terminal.write(screen.print([line], live: live, input: input(typed)))
            }
        }
        #expect(terminal.lines.filter { $0.hasPrefix("line ") } == printed)
        #expect(terminal.lines.last?.hasPrefix("> ") == true)
        #expect(terminal.faults == [])
        if kind == .reflows {
            // Nothing of the live lines is left among the printed ones.
            #expect(terminal.lines.count == printed.count + live.count + 1)
        }
    }

    @Test("leaving takes the live lines away")
    func erase() {
        var terminal = TinyTerminal(columns: 40)
        var screen = LineScreen(columns: 40, reflows: false)
        terminal.write(screen.print(["ann: hi"], live: ["a", "b"], input: input("x")))
        terminal.write(screen.erase())
        #expect(terminal.lines == ["ann: hi", ""])
    }
}
