/// Draws the text being typed as rows of the live region: one row that scrolls sideways, or for
/// text of several lines one row for each, as many as there may be.
package struct InputArea: Hashable, Sendable {
    /// Stands before the first line.
    package var prompt: StyledText
    /// Cells in a row of the terminal.
    package var columns: Int
    package var maximumRows: Int
    package var width: CellWidth

    /// Rows of a text of several lines that are shown at most.
    package static let usualMaximumRows = 8

    package init(
        prompt: StyledText, columns: Int, maximumRows: Int = usualMaximumRows,
        width: CellWidth = CellWidth()
    ) {
        // Half a row at most, so that what is typed has the other half.
        self.prompt = prompt.fitting(columns: columns / 2, width: width)
        self.columns = columns
        self.maximumRows = max(1, maximumRows)
        self.width = width
    }

    package func draw(_ editor: LineEditor) -> LiveRegion {
        let area = editor.search.map { searching($0) } ?? self
        let lines = Self.lines(of: editor.buffer)
        let before = editor.buffer.units[..<editor.buffer.cursor]
        let current = before.count(where: \.isNewline)
        let position = before.count - (before.lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0)
        // The row with the cursor in the middle, but no row of the window empty.
        let count = min(maximumRows, lines.count)
        let first = max(0, min(current - count / 2, lines.count - count))
        var rows: [StyledText] = []
        var cursor = LiveRegion.Cursor(row: 0, offset: 0)
        for number in first..<first + count {
            let isCurrent = number == current
            let row = area.row(
                lines[number], isFirst: number == 0, cursor: isCurrent ? position : nil)
            if isCurrent { cursor = .init(row: rows.count, offset: row.offset) }
            rows.append(row.text)
        }
        return LiveRegion(rows: rows, cursor: cursor)
    }

    private func searching(_ search: LineEditor.Search) -> InputArea {
        let query = SafeText(untrusted: search.query)
        let failed: SafeText = search.hasFailed ? "nothing older has" : "search"
        var area = self
        area.prompt = StyledText("\(failed) '\(query)': ", .quiet)
            .fitting(columns: columns / 2, width: width)
        return area
    }

    private static func lines(of buffer: EditBuffer) -> [ArraySlice<EditBuffer.Unit>] {
        buffer.units.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }
}

extension InputArea {
    private struct Cell {
        var text: SafeText
        var style: Style
        var width: Int
    }

    private static let more = Cell(text: "…", style: .quiet, width: 1)

    /// One line as a row, and how many bytes of it stand before the cursor.
    private func row(
        _ units: ArraySlice<EditBuffer.Unit>, isFirst: Bool, cursor: Int?
    ) -> (text: StyledText, offset: Int) {
        let promptWidth = width.most(prompt)
        let start =
            isFirst ? prompt : StyledText((" " as SafeText).repeated(promptWidth), .plain)
        // A column stays free, and at the end of the text the cursor needs one.
        let room = max(2, columns - 2 - promptWidth)
        let cells = window(units.map { cell($0) }, room: room, cursor: cursor ?? 0)
        var text = start
        var offset = start.text.string.utf8.count
        for (index, cell) in cells.cells.enumerated() {
            if index < cells.cursor { offset += cell.text.string.utf8.count }
            text.append(cell.text, cell.style)
        }
        return (text, offset)
    }

    private func cell(_ unit: EditBuffer.Unit) -> Cell {
        switch unit {
        case .paste(let paste):
            return Cell(text: paste.label, style: .quiet, width: width.most(paste.label))
        case .cluster(let character):
            let text = SafeText(untrusted: String(character))
            // Nothing invisible: the cursor would seem to stand still.
            return text.isEmpty
                ? Cell(text: "□", style: .quiet, width: 1)
                : Cell(text: text, style: .plain, width: width.most(text))
        }
    }

    /// The cells around the cursor that fit. The window moves by half a row, not with every key.
    private func window(
        _ cells: [Cell], room: Int, cursor: Int
    ) -> (cells: [Cell], cursor: Int) {
        let total = cells.reduce(0) { $0 + $1.width }
        if total <= room { return (cells, cursor) }
        let before = cells[..<cursor].reduce(0) { $0 + $1.width }
        let step = max(1, room / 2)
        // What stands at the cursor is to be seen, with a mark behind it if there is more.
        let next = cursor < cells.count ? cells[cursor].width + 1 : 1
        // What is hidden on the left, with a mark in its place: a whole number of steps.
        let excess = before + 1 + next - room
        let hidden = before + next <= room ? 0 : (excess + step - 1) / step * step
        var (first, skipped) = (0, 0)
        while first < cursor, skipped < hidden {
            skipped += cells[first].width
            first += 1
        }
        var shown: [Cell] = first > 0 ? [Self.more] : []
        var used = shown.count
        var end = first
        while end < cells.count, used + cells[end].width <= room - (end + 1 < cells.count ? 1 : 0) {
            shown.append(cells[end])
            used += cells[end].width
            end += 1
        }
        let place = min(cursor - first + (first > 0 ? 1 : 0), shown.count)
        if end < cells.count { shown.append(Self.more) }
        return (shown, place)
    }
}
