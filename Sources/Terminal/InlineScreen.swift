/// What is on the terminal below its own past: the live region, as it was last drawn. A pure value
/// that says what to write.
///
/// Three laws: a printed line is never touched again; the live region is never taller than half the
/// window nor than its rows less two, and never wraps; neither the screen nor its past is cleared.
///
/// All movement is relative to the cursor, which is always in the live region. Every row of it is
/// one row of the terminal, since it is measured by the most that any terminal gives its clusters.
package struct InlineScreen: Sendable {
    package private(set) var size: TerminalSize
    private(set) var capabilities: Capabilities
    private(set) var encoder: StyleEncoder
    /// The rows as they are on the terminal; none before the first drawing.
    private(set) var drawn: [StyledText] = []
    private(set) var cursor = LiveRegion.Cursor(row: 0, offset: 0)
    /// Rows of the terminal from the first live one to the cursor. The cursor's row, unless the
    /// terminal wrapped anew.
    private var rowsAbove = 0
    /// False when what is on the terminal may differ from `drawn`.
    private var isExact = true
    /// The widths before a change of size that the terminal has not been asked about.
    private var isUnsure = false

    package init(size: TerminalSize, capabilities: Capabilities) {
        self.size = size
        self.capabilities = capabilities
        encoder = StyleEncoder(capabilities)
    }

    /// Rows that the live region may have: the caller chooses what to leave out; what is too much
    /// is cut off at the top.
    package var maximumRows: Int { max(1, min(size.rows / 2, size.rows - 2)) }

    /// Takes in what was learnt about the terminal since; the next update draws all anew.
    package mutating func adapt(to capabilities: Capabilities) {
        guard capabilities != self.capabilities else { return }
        self.capabilities = capabilities
        encoder = StyleEncoder(capabilities)
        isExact = false
    }

    /// Prints lines for ever, above the live region, and brings this up to date. Empty when there is
    /// nothing to do.
    ///
    /// - Parameters:
    ///   - lines: as `Wrap` made them; none is held back or cut.
    ///   - live: what is to be below them.
    package mutating func update(printing lines: [StyledText] = [], live: LiveRegion) -> String {
        let live = fitted(live)
        if lines.isEmpty, isExact, !drawn.isEmpty {
            return framed(change(to: live))
        }
        var output = goToTop()
        for line in lines { output += printed(line) }
        output += drawAll(live)
        return framed(Edit(text: output, isSmall: false))
    }

    /// Takes the live region away, with the cursor where it began: the program ends, or gives the
    /// terminal away for a while. The next update draws it again.
    package mutating func erase() -> String {
        guard !drawn.isEmpty else { return "" }
        defer { forget() }
        return goToTop() + Sequences.eraseBelow + Sequences.showCursor
    }

    /// Moves all that is on the screen into the terminal's past, by line ends, and draws the live
    /// region at the top: what Ctrl-L asks for, without clearing anything.
    package mutating func scrollAway(live: LiveRegion) -> String {
        let live = fitted(live)
        let scrolling =
            erase() + String(repeating: "\n", count: size.rows - 1) + Sequences.up(size.rows - 1)
        return framed(Edit(text: scrolling + drawAll(live), isSmall: false))
    }

    private mutating func forget() {
        (drawn, cursor, rowsAbove, isExact) = ([], .init(row: 0, offset: 0), 0, true)
    }
}

// MARK: Resizing

extension InlineScreen {
    /// Takes a new size. The next update draws all anew; if the terminal answers queries, it is
    /// better asked where its cursor is first (`askCursor`), and the answer given to `learn`.
    package mutating func resize(to new: TerminalSize) {
        guard new != size else { return }
        size = new
        isExact = false
        isUnsure = !drawn.isEmpty
        rowsAbove = capabilities.resizing == .rewraps ? rewrappedRows().above : cursor.row
    }

    /// What to write after `resize` to be answered with `TerminalReply.cursor`; empty where it is
    /// better not to ask.
    package var askCursor: String {
        isUnsure && capabilities.answersQueries ? Sequences.askCursor : ""
    }

    /// Takes the answer. Where it speaks against what was assumed, the smaller number of rows is
    /// believed: too few leave something behind, too many would eat a message.
    package mutating func learn(cursorRow row: Int, column: Int) {
        guard isUnsure else { return }
        isUnsure = false
        let wrapped = rewrappedRows()
        if column != wrapped.column + 1 { rowsAbove = min(rowsAbove, cursor.row) }
        rowsAbove = max(0, min(rowsAbove, row - 1))
    }

    /// Where the cursor is when each row was wrapped anew, counted by the fewest cells.
    private func rewrappedRows() -> (above: Int, column: Int) {
        guard drawn.indices.contains(cursor.row) else { return (0, 0) }
        let above = drawn[..<cursor.row].reduce(0) { $0 + wrapped($1).row + 1 }
        let row = drawn[cursor.row]
        let before = wrapped(row.prefix(bytes: cursor.offset))
        return (above + before.row, before.column)
    }

    /// Where a terminal comes to that wraps this text: at the end of a full row it stays in it.
    private func wrapped(_ text: StyledText) -> (row: Int, column: Int) {
        var (row, column) = (0, 0)
        for cluster in text.text.clusters {
            let width = capabilities.width.range(cluster).lowerBound
            if column + width > size.columns {
                row += 1
                column = 0
            }
            column += width
        }
        return (row, min(column, size.columns - 1))
    }
}

// MARK: Drawing

extension InlineScreen {
    struct Edit {
        var text = ""
        /// True when only a part of the cursor's row changes: nothing is seen half done.
        var isSmall = true
    }

    /// What fits: rows that end a column early, so that the cursor never waits at an edge, and of
    /// too many the last, with the cursor's among them.
    private func fitted(_ live: LiveRegion) -> LiveRegion {
        let last = min(live.rows.count, max(maximumRows, live.cursor.row + 1))
        var first = max(0, last - maximumRows)
        first = min(first, live.cursor.row)
        let rows = live.rows[first..<min(live.rows.count, first + maximumRows)].map {
            $0.fitting(columns: size.columns - 1, width: capabilities.width)
        }
        let row = live.cursor.row - first
        let offset = min(live.cursor.offset, rows[row].text.string.utf8.count)
        return LiveRegion(rows: rows, cursor: .init(row: row, offset: offset))
    }

    private func framed(_ edit: Edit) -> String {
        if edit.text.isEmpty || edit.isSmall { return edit.text }
        let hidden = Sequences.hideCursor + edit.text + Sequences.showCursor
        guard capabilities.synchronizesOutput else { return hidden }
        return Sequences.beginFrame + hidden + Sequences.endFrame
    }

    private func goToTop() -> String { drawn.isEmpty ? "" : "\r" + Sequences.up(rowsAbove) }

    /// A line over what was live, with nothing of that left behind it. One that the terminal may
    /// have to wrap (a long link) may end at the edge, where erasing behind it would take its last
    /// cell: there all is erased first.
    private func printed(_ line: StyledText) -> String {
        let fits = capabilities.width.most(line) < size.columns
        let text = encoder.encode(line)
        return fits ? text + Sequences.eraseRest + "\r\n" : Sequences.eraseBelow + text + "\r\n"
    }

    /// All rows from here on, and nothing below them.
    private mutating func drawAll(_ live: LiveRegion) -> String {
        var output = live.rows.dropLast().reduce(into: "") {
            $0 += encoder.encode($1) + Sequences.eraseRest + "\r\n"
        }
        if let last = live.rows.last { output += encoder.encode(last) + Sequences.eraseBelow }
        output += placeCursor(live, from: live.rows.count - 1)
        adopt(live)
        return output
    }

    mutating func adopt(_ live: LiveRegion) {
        (drawn, cursor, rowsAbove) = (live.rows, live.cursor, live.cursor.row)
        (isExact, isUnsure) = (true, false)
    }
}
