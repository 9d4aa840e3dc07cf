import Terminal
import Testing

@Suite struct InputAreaTests {
    private func draw(_ keys: [Key], columns: Int = 20, rows: Int = 8) -> LiveRegion {
        var editor = LineEditor()
        for key in keys { _ = editor.handle(key) }
        return InputArea(prompt: "> ", columns: columns, maximumRows: rows).draw(editor)
    }

    @Test("a long line scrolls sideways in its row, with the cursor and what is near it in view")
    func scrolls() {
        let text = "The quick brown fox jumps over the lazy dog and then sleeps"
        var editor = LineEditor()
        let area = InputArea(prompt: "> ", columns: 20)
        _ = editor.handle(.text(text))
        for position in stride(from: text.count, through: 0, by: -1) {
            let region = area.draw(editor)
            let row = region.rows[0].text.string
            #expect(region.rows.count == 1)
            #expect(CellWidth().most(region.rows[0]) <= 19)
            #expect(row.hasPrefix("> "))
            let before = String(decoding: row.utf8.prefix(region.cursor.offset), as: UTF8.self)
            let near = text.prefix(position).suffix(1)
            #expect(before.hasSuffix(near) || (position == 0 && before == "> "))
            if position < text.count {
                let next = text.dropFirst(position).prefix(1)
                #expect(row.dropFirst(before.count).hasPrefix(next), "\(row) at \(position)")
            }
            _ = editor.handle(.left)
        }
    }

    @Test("several lines have a row each, as many as there may be, around the cursor")
    func lines() {
        let text = (0..<15).map { "line \($0)" }.joined(separator: "\n")
        let all = draw([.paste("a\nb"), .newline])
        #expect(all.rows.map(\.text.string) == ["> a", "  b", "  "])
        #expect(all.cursor == .init(row: 2, offset: 2))
        let end = draw([.paste(text)], rows: 4)
        #expect(end.rows.map(\.text.string) == (11...14).map { "  line \($0)" })
        let up = draw([.paste(text)] + Array(repeating: .up, count: 7), rows: 4)
        #expect(up.rows.map(\.text.string) == (5...8).map { "  line \($0)" })
        #expect(up.cursor.row == 2)
        #expect(draw([.paste(text)], rows: 1).rows.map(\.text.string) == ["  line 14"])
    }

    @Test("what cannot be seen is shown as something, and a wide prompt leaves room")
    func odd() {
        #expect(draw([.text("a\u{200B}b")]).rows[0].text.string == "> a□b")
        let prompt = StyledText(("long" as SafeText).repeated(9))
        let region = InputArea(prompt: prompt, columns: 20).draw(LineEditor())
        #expect(region.rows[0].text.string.count == 10)
        for columns in 1...6 {
            #expect(draw([.text("日本語日本語")], columns: columns).rows.count == 1)
        }
    }
}
