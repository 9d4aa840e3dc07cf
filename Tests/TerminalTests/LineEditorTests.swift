import Terminal
import Testing

@Suite struct LineEditorTests {
    private func edited(_ keys: Key...) -> (before: String, after: String) {
        var editor = LineEditor()
        for key in keys { _ = editor.handle(key) }
        return (editor.before, editor.after)
    }

    @Test("typing, moving and deleting go by what a person takes for a letter")
    func graphemes() {
        #expect(edited(.text("ab"), .backspace) == ("a", ""))
        #expect(edited(.text("a👩‍👩‍👧‍👦"), .backspace) == ("a", ""))
        #expect(edited(.text("e"), .text("\u{301}"), .left) == ("", "e\u{301}"))
        #expect(edited(.text("ab"), .left, .text("x")) == ("ax", "b"))
        #expect(edited(.text("ab"), .left, .delete) == ("a", ""))
        #expect(edited(.backspace, .delete, .left, .right) == ("", ""))
    }

    @Test("the keys of a shell's line do what they do there")
    func shellKeys() {
        #expect(edited(.text("a b"), .control("a")) == ("", "a b"))
        #expect(edited(.text("a b"), .home, .control("e")) == ("a b", ""))
        #expect(edited(.text("a b"), .left, .control("u")) == ("", "b"))
        #expect(edited(.text("a b"), .left, .control("k")) == ("a ", ""))
        #expect(edited(.text("one two  "), .control("w")) == ("one ", ""))
        #expect(edited(.text("x"), .control("u"), .control("y"), .control("y")) == ("xx", ""))
        #expect(edited(.text("ab"), .home, .control("d")) == ("", "b"))
    }

    @Test("a pasted text of many lines is one entry")
    func paste() {
        var editor = LineEditor()
        _ = editor.handle(.paste("a\nb\nc"))
        #expect(editor.handle(.enter) == .entered("a\nb\nc"))
        #expect(editor.text == "")
    }

    @Test("Ctrl-C clears, then asks, then leaves; another key between begins again")
    func interrupt() {
        var editor = LineEditor()
        _ = editor.handle(.text("a"))
        #expect(editor.handle(.control("c")) == .edited)
        #expect(editor.text == "")
        #expect(editor.handle(.control("c")) == .wantsToLeave)
        _ = editor.handle(.left)
        #expect(editor.handle(.control("c")) == .wantsToLeave)
        #expect(editor.handle(.control("c")) == .leave)
    }

    @Test("Ctrl-D leaves from an empty line only; Ctrl-Z suspends")
    func leaving() {
        var editor = LineEditor()
        #expect(editor.handle(.control("d")) == .leave)
        _ = editor.handle(.text("a"))
        #expect(editor.handle(.control("d")) == .edited)
        #expect(editor.handle(.control("z")) == .suspend)
        #expect(editor.text == "a")
    }

    @Test("earlier lines come back, and the one being typed is not lost")
    func history() {
        var editor = LineEditor()
        for line in ["one", "two", "two"] {
            _ = editor.handle(.text(line))
            _ = editor.handle(.enter)
        }
        _ = editor.handle(.text("draft"))
        var seen: [String] = []
        for key in [Key.up, .up, .up, .down, .down, .down] {
            _ = editor.handle(key)
            seen.append(editor.text)
        }
        #expect(seen == ["two", "one", "one", "two", "draft", "draft"])
    }
}
