import Foundation
import Terminal
import TestSupport
import Testing

@Suite(.oneAtATime, .serialized, .enabled(if: Tmux.isThere)) struct TmuxTests {
    @Test("hard clusters take as many cells in tmux as we allow for", .timeLimit(.minutes(1)))
    func widths() throws {
        let tmux = try Tmux()
        defer { tmux.close() }
        let texts = CellWidthTests.table.map(\.text)
        try Data(texts.map { $0 + "\n" }.joined().utf8).write(to: tmux.folder.appending(path: "in"))
        let path = tmux.folder.path
        try tmux.play(
            """
            stty raw -echo
            while IFS= read -r text <&3; do
                printf '\\r\\033[K%s\\033[6n' "$text"
                IFS= read -r -d R answer
                echo "${answer##*;}" >&4
            done 3<\(path)/in 4>\(path)/out
            stty sane
            """)
        let answers = try String(contentsOf: tmux.folder.appending(path: "out"), encoding: .utf8)
            .split(separator: "\n").compactMap { Int($0) }
        #expect(answers.count == texts.count)
        for (text, column) in zip(texts, answers) {
            let range = CellWidth().range(Character(text))
            let name = text.unicodeScalars.map { String($0.value, radix: 16) }
            #expect(range.contains(column - 1), "\(text) \(name) took \(column - 1), not \(range)")
        }
    }

    @Test("what the screen writes looks in tmux as in our model", .timeLimit(.minutes(1)))
    func sameScreen() throws {
        let tmux = try Tmux()
        defer { tmux.close() }
        let size = TerminalSize(columns: 60, rows: 16)
        var screen = InlineScreen(
            size: size,
            capabilities: Capabilities(
                environment: ["TERM": "screen-256color"], isTerminal: true))
        var model = ModelTerminal(size)
        var editor = LineEditor()
        var output = ""
        for step in 0..<60 {
            _ = editor.handle(step % 7 == 6 ? .enter : .text(step % 5 == 0 ? "日本" : "word "))
            let area = InputArea(prompt: "> ", columns: size.columns).draw(editor)
            let live = LiveRegion(above: step % 3 == 0 ? ["~ 50 %"] : [], area)
            let row = StyledText("#\(step) é 한국 \(SafeText(untrusted: "\u{1B}[2J"))", .mention)
            let bytes = screen.update(printing: step % 4 == 0 ? [row] : [], live: live)
            output += bytes
            model.write(bytes)
        }
        let file = tmux.folder.appending(path: "bytes")
        try Data(output.utf8).write(to: file)
        try tmux.play("stty raw -echo; cat \(file.path)", columns: size.columns, rows: size.rows)
        #expect(try tmux.capture() == model.lines)
        #expect(model.faults == [])
    }

    @Test("hostile text leaves tmux as harmless text does", .timeLimit(.minutes(1)))
    func hostile() throws {
        let tmux = try Tmux()
        defer { tmux.close() }
        let rows = HostileTextTests.corpus.filter { $0.utf8.count < 200 }.map {
            "before \(SafeText(untrusted: $0)) after" as SafeText
        }
        let file = tmux.folder.appending(path: "bytes")
        try Data(rows.map { $0.string + "\n" }.joined().utf8).write(to: file)
        try tmux.play("cat \(file.path)")
        let lines = try tmux.capture()
        #expect(lines.count == rows.count)
        #expect(lines.allSatisfy { $0.hasPrefix("before ") && $0.hasSuffix(" after") })
        #expect(try !tmux.title().contains("owned"))
    }
}
