import Terminal
import Testing

@Suite struct HostileTextTests {
    /// What somebody might send as a name, a message or a file name.
    static let corpus: [String] = [
        "\u{1B}]0;owned\u{7}", "\u{1B}]2;owned\u{1B}\\", "\u{1B}k owned\u{1B}\\", "\u{1B}[2J",
        "\u{1B}[3J",
        "\u{1B}c", "\u{1B}[H", "\u{1B}[1A\u{1B}[2Kgone", "\u{1B}[6n", "\u{1B}[c", "\u{1B}[?1049h",
        "\u{1B}[20t", "\u{1B}[31m", "\u{1B}]8;;file:///\u{7}link\u{1B}]8;;\u{7}",
        "\u{1B}]52;c;AAAA\u{7}",
        "\u{1B}P$q\"p\u{1B}\\", "\u{1B}Ptmux;\u{1B}\u{1B}[2J\u{1B}\\", "\u{1B}_Gf=24;AAAA\u{1B}\\",
        "\u{1B}X owned\u{1B}\\", "\u{1B}^owned\u{1B}\\", "\u{1B}(0lqk\u{1B}(B", "\u{E}lqk\u{F}",
        "\u{9B}2J", "\u{9D}0;owned\u{9C}", "\u{90}owned\u{9C}", "\u{85}", "\u{84}", "\u{8D}",
        "\u{1B}M",
        "\r", "a\rb", "\n", "a\nb", "\u{B}", "\u{C}", "\u{8}\u{8}\u{8}", "\u{7}\u{7}", "\0",
        "\u{7F}",
        "\u{5}", "\t\t\t", "\u{2028}", "\u{2029}", "\u{202E}abc", "\u{2066}a\u{2067}b", "\u{200F}x",
        "\u{61C}", "a\u{200B}b", "a\u{AD}b", "\u{FEFF}", "\u{2060}", "%n%s%x", "$(reboot)",
        "`reboot`",
        "\u{E000}", "\u{10FFFF}", "\u{FFFE}", "\u{E0041}\u{E0042}", "\u{3164}", "\u{115F}\u{1160}",
        "\u{FFF9}a\u{FFFA}b\u{FFFB}", "\u{FDFD}\u{FDFD}", "\u{12031}\u{1242B}", "ﷺ", "\u{301}",
        "e" + String(repeating: "\u{301}", count: 1_000),
        String(repeating: "👩\u{200D}", count: 1_000), String(repeating: "\u{1100}", count: 500),
        String(repeating: "क\u{94D}", count: 500), String(repeating: "\u{1F1E9}", count: 101),
        String(repeating: "x", count: 2_000), String(repeating: "日", count: 1_000),
        String(repeating: "\u{1B}[A", count: 300), String(repeating: "\u{FE0F}", count: 99),
        "https://" + String(repeating: "x", count: 500), String(repeating: " ", count: 500),
    ]

    @Test("as a message it says what it is and does nothing", arguments: corpus)
    func message(text: String) {
        let size = TerminalSize(columns: 50, rows: 12)
        for widths in ModelTerminal.Widths.allCases {
            var terminal = ModelTerminal(size, widths: widths)
            var screen = InlineScreen(
                size: size,
                capabilities: Capabilities(
                    environment: ["TERM": "xterm-256color"], isTerminal: true))
            let live = LiveRegion(rows: [StyledText(SafeText(untrusted: text)), "> typed"])
            let message = StyledText("ann: \(SafeText(untrusted: text)) end")
            let rows = Wrap(columns: size.columns, indent: 5).rows(of: message)
            terminal.write(screen.update(printing: ["first"], live: live))
            terminal.write(screen.update(printing: rows + ["last"], live: live))
            let expected = ["first"] + rows.map { ModelTerminal.trimmed($0.text.string) } + ["last"]
            #expect(terminal.lines.prefix(expected.count) == expected[...])
            #expect(terminal.lines.count <= expected.count + 2)
            #expect(terminal.lines.last == "> typed")
            #expect(terminal.faults == [] && terminal.bells == 0 && terminal.answers == [])
        }
    }

    @Test("nothing of it makes a row that no terminal can show", arguments: corpus)
    func clusters(text: String) {
        for cluster in SafeText(untrusted: text).clusters {
            #expect(cluster.string.unicodeScalars.count <= 24)
        }
    }

    @Test(
        "as typed or pasted text it is shown harmlessly, and the cursor is where it should be",
        arguments: corpus)
    func typed(text: String) {
        let size = TerminalSize(columns: 50, rows: 12)
        var terminal = ModelTerminal(size)
        var screen = InlineScreen(
            size: size,
            capabilities: Capabilities(environment: ["TERM": "xterm"], isTerminal: true))
        var editor = LineEditor()
        _ = editor.handle(.paste(text))
        _ = editor.handle(.text("end"))
        let live = InputArea(prompt: "> ", columns: size.columns, maximumRows: 6).draw(editor)
        terminal.write(screen.update(live: live))
        #expect(terminal.lines.last?.hasSuffix("end") == true)
        #expect(terminal.faults == [] && terminal.bells == 0)
        #expect(terminal.lines.count <= 6)
    }

    @Test("names of mixed scripts are known")
    func scripts() {
        #expect(SafeText(untrusted: "p\u{430}ypal").mixesScripts)
        #expect(SafeText(untrusted: "αlice").mixesScripts)
        for name in ["paypal", "анна", "αλίκη", "日本 Taro", "Jürgen 2", ""] {
            #expect(!SafeText(untrusted: name).mixesScripts)
        }
    }
}
