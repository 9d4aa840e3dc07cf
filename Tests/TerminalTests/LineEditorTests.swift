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
        // What is typed may join what is there, on both sides.
        #expect(edited(.text("🇩"), .text("🇪"), .backspace) == ("", ""))
        #expect(edited(.text("\u{301}x"), .home, .text("e"), .backspace) == ("", "x"))
        #expect(edited(.text("👩👧"), .left, .text("\u{200D}"), .right) == ("👩\u{200D}👧", ""))
        #expect(edited(.text("a\r\nb"), .left, .backspace) == ("a", "b"))
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
        #expect(edited(.text("one two-three"), .alt("b"), .wordLeft) == ("one ", "two-three"))
        #expect(edited(.text("one two"), .home, .alt("f"), .wordRight) == ("one two", ""))
        #expect(edited(.text("one two.py"), .wordBackspace) == ("one two.", ""))
        #expect(edited(.text("one two"), .home, .alt("d"), .wordDelete) == ("", ""))
        #expect(edited(.text("ab"), .control("t")) == ("ba", ""))
        #expect(edited(.text("abc"), .left, .control("t")) == ("acb", ""))
        #expect(edited(.text("a"), .control("t"), .home, .control("t")) == ("", "a"))
        #expect(edited(.text("one two"), .home, .alt("u"), .alt("c")) == ("ONE Two", ""))
        #expect(edited(.text("Straße"), .home, .alt("u")) == ("STRASSE", ""))
        #expect(edited(.text("ONE"), .home, .alt("l")) == ("one", ""))
    }

    @Test("what is cut comes back, cuts in a row as one, earlier ones in turn")
    func killRing() {
        #expect(
            edited(.text("one two"), .control("w"), .control("w"), .control("y"))
                == ("one two", ""))
        #expect(
            edited(.text("ab"), .home, .control("k"), .text("c"), .control("u"), .control("y"))
                == ("c", ""))
        let older: [Key] = [.text("ab"), .control("u"), .text("cd"), .control("u"), .control("y")]
        var editor = LineEditor()
        for key in older { _ = editor.handle(key) }
        #expect(editor.text == "cd")
        #expect(editor.handle(.alt("y")) == .edited)
        #expect(editor.text == "ab")
        _ = editor.handle(.alt("y"))
        #expect(editor.text == "cd")
        _ = editor.handle(.left)
        #expect(editor.handle(.alt("y")) == .unchanged)
        // A line given up with Ctrl-C is not lost.
        _ = editor.handle(.control("c"))
        _ = editor.handle(.control("y"))
        #expect(editor.text == "cd")
    }

    @Test("changes are undone, a word of typing at a time")
    func undo() {
        var editor = LineEditor()
        for letter in "one two" { _ = editor.handle(.text(String(letter))) }
        _ = editor.handle(.control("w"))
        var seen: [String] = []
        for _ in 0..<4 {
            _ = editor.handle(.control("_"))
            seen.append(editor.text)
        }
        #expect(seen == ["one two", "one", "", ""])
        _ = editor.handle(.text("x"))
        _ = editor.handle(.control("x"))
        #expect(editor.handle(.control("u")) == .edited)
        #expect(editor.text == "")
    }

    @Test("a text of several lines is moved about in line by line, and then in the history")
    func lines() {
        var editor = LineEditor()
        _ = editor.handle(.text("old"))
        _ = editor.handle(.enter)
        for key in [Key.text("one"), .newline, .text("second\\"), .enter, .text("3")] {
            #expect(editor.handle(key) == .edited)
        }
        #expect(editor.text == "one\nsecond\n3")
        _ = editor.handle(.up)
        #expect(editor.before == "one\ns")
        _ = editor.handle(.end)
        _ = editor.handle(.up)
        #expect(editor.before == "one")
        _ = editor.handle(.control("k"))
        #expect(editor.text == "onesecond\n3")
        _ = editor.handle(.control("_"))
        _ = editor.handle(.home)
        _ = editor.handle(.down)
        #expect(editor.before == "one\n")
        _ = editor.handle(.control("u"))
        #expect(editor.text == "onesecond\n3")
        #expect(editor.handle(.enter) == .entered("onesecond\n3"))
        _ = editor.handle(.up)
        _ = editor.handle(.up)
        _ = editor.handle(.up)
        #expect(editor.text == "old")
    }

    @Test("a long paste is folded, moved over as one sign, and sent whole")
    func foldedPaste() {
        var editor = LineEditor()
        let long = (1...312).map { "line \($0)" }.joined(separator: "\n")
        _ = editor.handle(.text("see: "))
        _ = editor.handle(.paste(long))
        _ = editor.handle(.text(" ok"))
        let area = InputArea(prompt: "> ", columns: 80)
        #expect(
            area.draw(editor).rows.map(\.text.string) == ["> see: [pasted 312 lines, 3 KiB] ok"])
        for _ in 0..<4 { _ = editor.handle(.left) }
        #expect(editor.before == "see: ")
        _ = editor.handle(.delete)
        #expect(editor.text == "see:  ok")
        _ = editor.handle(.control("_"))
        #expect(editor.handle(.enter) == .entered("see: \(long) ok"))
        #expect(FoldedPaste(String(repeating: "x\n", count: 19)) == nil)
        #expect(FoldedPaste(String(repeating: "x", count: 8193))?.label == "[pasted 9 KiB]")
    }

    @Test("the next key after Ctrl-V is text, and a control as the sign for it")
    func quoting() {
        #expect(edited(.control("v"), .tab, .control("v"), .enter) == ("\t\n", ""))
        #expect(edited(.control("v"), .control("a"), .control("v"), .escape) == ("␁␛", ""))
        #expect(edited(.control("v"), .text("x"), .control("v"), .up) == ("x", ""))
    }

    @Test("Tab goes through what is offered, Escape gives back what was typed")
    func completion() {
        var editor = LineEditor()
        _ = editor.handle(.text("hi an"))
        #expect(editor.handle(.tab) == .complete(before: "hi an"))
        #expect(editor.offer([], replacing: 2) == .unchanged)
        #expect(editor.offer(["ann", "andy", "anton"], replacing: 2) == .edited)
        #expect(editor.text == "hi ann")
        _ = editor.handle(.tab)
        #expect(editor.completion?.index == 1)
        _ = editor.handle(.backTab)
        _ = editor.handle(.backTab)
        #expect(editor.text == "hi anton")
        #expect(editor.handle(.escape) == .edited)
        #expect(editor.text == "hi an")
        #expect(editor.completion == nil)
        _ = editor.handle(.tab)
        _ = editor.offer(["ann ", "andy "], replacing: 2)
        _ = editor.handle(.text("!"))
        #expect(editor.text == "hi ann !")
        _ = editor.offer(["sole"], replacing: 1)
        #expect(editor.text == "hi ann sole")
        #expect(editor.completion == nil)
        #expect(editor.offer(["x"], replacing: 99) == .unchanged)
        _ = editor.handle(.control("_"))
        #expect(editor.text == "hi ann !")
    }

    @Test("keys that are somebody else's are said to be so, and change nothing")
    func others() {
        var editor = LineEditor()
        #expect(editor.handle(.pageUp) == .wantsToScroll)
        #expect(editor.handle(.control("x")) == .unchanged)
        #expect(editor.handle(.control("e")) == .openEditor)
        #expect(editor.handle(.focus(true)) == .unchanged)
        #expect(editor.handle(.reply(.cursor(row: 1, column: 1))) == .unchanged)
        #expect(editor.handle(.control("c")) == .wantsToLeave)
        editor.forgetInterrupt()
        #expect(editor.handle(.control("c")) == .wantsToLeave)
        editor.setText("from elsewhere")
        #expect(editor.before == "from elsewhere")
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
        #expect(editor.handle(.control("d")) == .unchanged)
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

    @Test(
        "the arrows find what begins like what is typed; Ctrl-P takes the last line whatever it is")
    func historyByPrefix() {
        var editor = LineEditor()
        for line in ["/who", "hello", "/send a", "bye"] {
            _ = editor.handle(.text(line))
            _ = editor.handle(.enter)
        }
        _ = editor.handle(.text("/"))
        var seen: [String] = []
        for key in [Key.up, .up, .up, .down, .down] {
            _ = editor.handle(key)
            seen.append(editor.text)
        }
        #expect(seen == ["/send a", "/who", "/who", "/send a", "/"])
        _ = editor.handle(.control("p"))
        #expect(editor.text == "bye")
        _ = editor.handle(.control("n"))
        _ = editor.handle(.text("nothing like it"))
        _ = editor.handle(.up)
        #expect(editor.text == "bye")
    }

    @Test("Ctrl-R searches the history backwards")
    func search() {
        var editor = LineEditor()
        for line in ["Alpha beta", "gamma", "beta two"] {
            _ = editor.handle(.text(line))
            _ = editor.handle(.enter)
        }
        _ = editor.handle(.text("draft"))
        _ = editor.handle(.control("r"))
        _ = editor.handle(.text("BET"))
        #expect(editor.text == "beta two")
        _ = editor.handle(.control("r"))
        #expect(editor.text == "Alpha beta")
        _ = editor.handle(.control("r"))
        #expect(editor.search?.hasFailed == true)
        let row = InputArea(prompt: "> ", columns: 60).draw(editor).rows[0].text.string
        #expect(row == "nothing older has 'BET': Alpha beta")
        _ = editor.handle(.control("g"))
        #expect(editor.text == "draft")
        _ = editor.handle(.control("r"))
        _ = editor.handle(.text("gam"))
        _ = editor.handle(.backspace)
        #expect(editor.handle(.enter) == .entered("gamma"))
    }

    @Test("a room's history goes with the room")
    func histories() {
        var editor = LineEditor()
        _ = editor.handle(.text("said here"))
        _ = editor.handle(.enter)
        let first = editor.history
        editor.history = InputHistory()
        #expect(editor.handle(.up) == .unchanged)
        editor.history = first
        _ = editor.handle(.up)
        #expect(editor.text == "said here")
    }

    @Test("whatever is typed, clusters are whole and the cursor is between them", arguments: 1...6)
    func random(seed: UInt64) {
        var generator = Seeded(state: seed)
        let texts = [
            "a", "b ", "e", "\u{301}", "👩", "\u{200D}", "👧", "🇩", "🇪", "日", "❤", "\u{FE0F}", "क",
            "्",
            "ष", "\n", "👍", "🏽", "\t", "\u{1112}\u{1161}", "\u{11AB}", "\r\n",
        ]
        let keys: [Key] = [
            .left, .right, .home, .end, .up, .down, .backspace, .delete, .wordLeft, .wordRight,
            .wordBackspace, .control("w"), .control("u"), .control("k"), .control("y"), .alt("y"),
            .control("t"), .alt("u"), .alt("c"), .control("_"), .control("r"), .escape, .tab,
            .backTab, .newline, .control("d"), .control("v"), .enter, .control("x"),
        ]
        var editor = LineEditor()
        for step in 0..<3_000 {
            let typed = texts.randomElement(using: &generator).map { Key.text($0) }
            let key = Bool.random(using: &generator) ? typed : keys.randomElement(using: &generator)
            if case .complete = editor.handle(key ?? .left), Bool.random(using: &generator) {
                _ = editor.offer(["ann: ", "\u{301}x"], replacing: 0)
            }
            let units = editor.buffer.units
            let here = "seed \(seed), step \(step)"
            #expect(units.count == editor.text.count, "\(here): \(editor.text.debugDescription)")
            #expect((0...units.count).contains(editor.buffer.cursor), "\(here)")
            #expect(editor.before + editor.after == editor.text, "\(here)")
            #expect(!editor.text.utf8.contains(0x0D), "\(here)")
        }
    }
}
