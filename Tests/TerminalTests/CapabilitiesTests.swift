import Terminal
import Testing

@Suite struct CapabilitiesTests {
    private func guess(_ environment: [String: String], isTerminal: Bool = true) -> Capabilities {
        Capabilities(environment: environment, isTerminal: isTerminal)
    }

    @Test("colours by what the environment says")
    func colors() {
        #expect(guess(["TERM": "xterm"]).colors == .sixteen)
        #expect(guess(["TERM": "xterm-256color"]).colors == .palette256)
        #expect(guess(["TERM": "screen", "COLORTERM": "truecolor"]).colors == .trueColor)
        #expect(guess(["TERM": "xterm-kitty"]).colors == .trueColor)
        #expect(guess(["TERM": "xterm", "NO_COLOR": "1"]).colors == .none)
        #expect(guess(["TERM": "xterm", "NO_COLOR": ""]).colors == .sixteen)
        #expect(guess(["TERM": "dumb"]).colors == .none)
        #expect(guess(["TERM": "xterm"], isTerminal: false).colors == .none)
        #expect(
            guess(["TERM": "xterm", "CLICOLOR_FORCE": "1"], isTerminal: false).colors == .sixteen)
    }

    @Test("what is no terminal, or calls itself dumb, gets lines only and is asked nothing")
    func dumb() {
        for capabilities in [
            guess([:]), guess(["TERM": "dumb"]), guess(["TERM": "xterm"], isTerminal: false),
        ] {
            #expect(capabilities.isDumb && !capabilities.answersQueries)
        }
        #expect(!guess(["TERM": "linux"]).isDumb)
        #expect(!guess(["TERM": "linux"]).answersQueries)
        #expect(
            !guess(["TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"]).answersQueries)
        #expect(guess(["TERM": "tmux-256color"]).answersQueries)
    }

    @Test("only terminals that are known to wrap anew are taken to")
    func resizing() {
        #expect(guess(["TERM": "xterm"]).resizing == .clips)
        #expect(guess(["TERM": "screen", "TMUX": "/tmp/x,1,0"]).resizing == .rewraps)
        #expect(guess(["TERM": "xterm", "TERM_PROGRAM": "iTerm.app"]).resizing == .rewraps)
        #expect(guess(["TERM": "xterm", "VTE_VERSION": "7000"]).resizing == .rewraps)
        var learnt = guess(["TERM": "xterm"])
        learnt.learn(.version("foot(1.16.2)"))
        #expect(learnt.resizing == .rewraps && learnt.notifications == .osc777)
        learnt = guess(["TERM": "xterm"])
        learnt.learn(.version("XTerm(370)"))
        #expect(learnt.resizing == .clips && learnt.notifications == .bell)
    }

    @Test("UTF-8 unless the locale says otherwise")
    func locale() {
        #expect(guess(["LANG": "de_DE.UTF-8"]).isUTF8 && guess(["LC_ALL": "C.utf8"]).isUTF8)
        #expect(guess([:]).isUTF8)
        #expect(!guess(["LC_ALL": "C", "LANG": "de_DE.UTF-8"]).isUTF8)
        #expect(!guess(["LANG": "de_DE.ISO-8859-1"]).isUTF8)
        #expect(guess(["LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"]).isUTF8)
    }

    @Test("answers are taken in")
    func learns() {
        var capabilities = guess(["TERM": "xterm"])
        capabilities.learn(.mode(2026, .reset))
        capabilities.learn(.mode(2027, .permanentlyReset))
        capabilities.learn(.mode(2004, .unknown))
        capabilities.learn(.keyboard(0))
        capabilities.learn(.background(red: 1, green: 1, blue: 0.9))
        capabilities.learn(.attributes([62]))
        #expect(capabilities.synchronizesOutput && !capabilities.knowsClusters)
        #expect(capabilities.marksPastes == false && capabilities.knowsKittyKeyboard)
        #expect(capabilities.isDark == false)
        capabilities.learn(.mode(2027, .set))
        #expect(capabilities.width == CellWidth(isByCluster: true))
    }

    @Test("names have colours that read on black and on white, and differ in lightness too")
    func palette() {
        func contrast(_ color: NamePalette.RGB, with background: Double) -> Double {
            let pair = [color.luminance, background].sorted()
            return (pair[1] + 0.05) / (pair[0] + 0.05)
        }
        for value in 0..<NamePalette.count {
            let index = NamePalette.Index(value)
            #expect(contrast(NamePalette.color(of: index, isDark: true), with: 0) >= 4.5)
            #expect(contrast(NamePalette.color(of: index, isDark: false), with: 1) >= 4.5)
            let unknown = NamePalette.color(of: index, isDark: nil)
            #expect(contrast(unknown, with: 0) >= 3 && contrast(unknown, with: 1) >= 3)
        }
        for hue in 0..<NamePalette.hues {
            for isDark in [true, false, nil] {
                let darker = NamePalette.color(of: .init(hue * 2), isDark: isDark)
                let lighter = NamePalette.color(of: .init(hue * 2 + 1), isDark: isDark)
                #expect(contrast(darker, with: lighter.luminance) >= 1.8)
            }
        }
        let indices = (0..<2_400).map { NamePalette.index(of: withUnsafeBytes(of: $0, Array.init)) }
        #expect(Set(indices).count == NamePalette.count)
        #expect(
            NamePalette.index(of: Array("ann".utf8)) == NamePalette.index(of: Array("ann".utf8)))
        #expect(NamePalette.Index(-1).value == 23)
    }

    @Test("styles become sequences that end, as far as the terminal has them")
    func styles() {
        let text: StyledText = "a \("b", .error) \("c", .name(.init(2)))"
        func encode(_ environment: [String: String]) -> String {
            StyleEncoder(guess(environment)).encode(text)
        }
        #expect(encode(["TERM": "dumb"]) == "a b c")
        #expect(
            encode(["TERM": "xterm", "NO_COLOR": "1"])
                == "a \u{1B}[1mb\u{1B}[0m \u{1B}[1mc\u{1B}[0m")
        #expect(encode(["TERM": "xterm"]).contains("\u{1B}[1;31mb\u{1B}[0m"))
        #expect(encode(["TERM": "xterm-256color"]).contains("\u{1B}[1;38;5;"))
        #expect(encode(["TERM": "xterm", "COLORTERM": "24bit"]).contains("\u{1B}[1;38;2;"))
        let sixteen = Set(
            (0..<NamePalette.count).map { index in
                StyleEncoder(guess(["TERM": "xterm"])).encode(StyledText("x", .name(.init(index))))
            })
        #expect(sixteen.count == 5)
        #expect(
            !sixteen.contains { $0.contains("30m") || $0.contains("34m") || $0.contains("37m") })
    }

    @Test("without UTF-8 nothing but ASCII is written, one sign for each cluster")
    func ascii() {
        let encoder = StyleEncoder(guess(["TERM": "xterm", "LC_ALL": "C"]))
        #expect(encoder.encode("“ja” – 日é👩‍👩‍👧‍👦 █▌… ok" as SafeText) == "\"ja\" - ??? ##. ok")
    }

    @Test("notifications carry nothing that a terminal could obey")
    func notifications() {
        var capabilities = guess(["TERM": "xterm-kitty"])
        let note = Notification(
            title: SafeText(untrusted: "4;room\u{1B}\\x\u{7}"),
            body: SafeText(untrusted: "a;b\u{9C}c"))
        #expect(note.sequence(capabilities).hasPrefix("\u{7}\u{1B}]99;i=1:d=0;4room␛x␇\u{1B}\\"))
        capabilities.notifications = .osc9
        #expect(note.sequence(capabilities) == "\u{7}\u{1B}]9;4room␛x␇: ab\u{FFFD}c\u{1B}\\")
        capabilities.notifications = .osc777
        #expect(
            note.sequence(capabilities) == "\u{7}\u{1B}]777;notify;4room␛x␇;ab\u{FFFD}c\u{1B}\\")
        capabilities.isInTmux = true
        #expect(
            note.sequence(capabilities)
                == "\u{7}\u{1B}Ptmux;\u{1B}\u{1B}]777;notify;4room␛x␇;ab\u{FFFD}c\u{1B}\u{1B}\\\u{1B}\\"
        )
        #expect(note.sequence(capabilities, throughTmux: false) == "\u{7}")
        capabilities.notifications = .bell
        #expect(note.sequence(capabilities) == "\u{7}")
        #expect(note.sequence(guess(["TERM": "dumb"])) == "")
        let long = Notification(title: SafeText(untrusted: String(repeating: "x", count: 9_999)))
        #expect(long.sequence(guess(["TERM": "foot"])).utf8.count < 200)
    }
}
