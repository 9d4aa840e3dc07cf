import Terminal

/// A terminal, as much of one as our own sequences need: what is on the screen, what scrolled off
/// it, and where the cursor is. What real terminals differ in can be chosen: how wide the clusters
/// are that are in doubt, and what a change of size does.
struct ModelTerminal {
    /// How wide this terminal takes clusters for which others take another width.
    enum Widths: CaseIterable { case least, most, mixed }
    enum Resizing: CaseIterable { case clips, rewraps }

    /// One row: a cluster in its first cell, an empty string in the others.
    struct Row {
        var cells: [String] = []
        /// True when the text goes on in the next row.
        var isWrapped = false

        var text: String { ModelTerminal.trimmed(cells.joined()) }
    }

    /// Without the spaces at the end, which nobody sees.
    static func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }

    let widths: Widths
    let resizing: Resizing
    /// When it becomes taller: whether rows come back from the past, or empty ones below.
    let takesFromPast: Bool
    private(set) var size: TerminalSize
    /// The past and then the screen.
    private(set) var rows: [Row]
    /// The row with the cursor, counted from the first of the past.
    private(set) var cursorRow = 0
    private(set) var column = 0
    private(set) var cursorIsVisible = true
    private(set) var isInFrame = false
    /// What no terminal should have been sent.
    private(set) var faults: [String] = []
    /// What the terminal said.
    private(set) var answers: [String] = []
    private(set) var bells = 0
    /// The cursor is behind the last cell and the next cluster goes to the next row.
    private var isAtEdge = false
    private var saved = (row: 0, column: 0, isAtEdge: false)

    init(
        _ size: TerminalSize, widths: Widths = .least, resizing: Resizing = .clips,
        takesFromPast: Bool = true
    ) {
        (self.size, self.widths, self.resizing) = (size, widths, resizing)
        self.takesFromPast = takesFromPast
        rows = Array(repeating: Row(), count: size.rows)
    }

    /// The first row of the screen.
    private var top: Int { rows.count - size.rows }

    func width(_ character: Character) -> Int {
        let range = CellWidth().range(character)
        return switch widths {
        case .least: range.lowerBound
        case .most: range.upperBound
        case .mixed:
            range.lowerBound
                + Int(character.unicodeScalars.reduce(0) { $0 &+ $1.value } % UInt32(range.count))
        }
    }

    func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// Lines as they were written, however they are wrapped, without empty ones at the end.
    var lines: [String] {
        var lines: [String] = []
        var open = false
        for row in rows {
            let text = row.cells.joined()
            if open { lines[lines.count - 1] += text } else { lines.append(text) }
            open = row.isWrapped
        }
        lines = lines.map(Self.trimmed)
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    mutating func takeAnswers() -> [String] {
        defer { answers = [] }
        return answers
    }
}

// MARK: Writing

extension ModelTerminal {
    mutating func write(_ text: String) {
        var scalars = text.unicodeScalars[...]
        var run = String.UnicodeScalarView()
        while let scalar = scalars.popFirst() {
            if scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) {
                run.append(scalar)
                continue
            }
            for character in String(run) { put(character) }
            run = .init()
            switch scalar {
            case "\u{1B}": escape(&scalars)
            case "\r": (column, isAtEdge) = (0, false)
            case "\n": lineFeed()
            case "\u{7}": bells += 1
            default: faults.append("control \(scalar.value)")
            }
        }
        for character in String(run) { put(character) }
    }

    private mutating func lineFeed() {
        if cursorRow == rows.count - 1 { rows.append(Row()) }
        cursorRow += 1
        isAtEdge = false
    }

    private mutating func put(_ character: Character) {
        let width = width(character)
        if isAtEdge || column + width > size.columns {
            rows[cursorRow].isWrapped = true
            lineFeed()
            column = 0
        } else {
            beginRow()
        }
        var cells = rows[cursorRow].cells
        while cells.count < column + width { cells.append(" ") }
        for index in column..<column + width { Self.clear(index, in: &cells) }
        if width > 0 {
            cells[column] = String(character)
            for index in (column + 1)..<(column + max(1, width)) { cells[index] = "" }
        }
        rows[cursorRow].cells = cells
        column += width
        if column == size.columns { (column, isAtEdge) = (column - 1, true) }
    }

    /// What begins in the first cell, unless the row before came to its edge, is another line: as vte
    /// has it. Elsewhere a row that the live region left behind, of which the rest is erased, and the
    /// line printed after it may become one line when the size changes again.
    private mutating func beginRow() {
        if column == 0, cursorRow > 0 { rows[cursorRow - 1].isWrapped = false }
    }

    /// Half of a wide cluster that is overwritten does not stay.
    private static func clear(_ index: Int, in cells: inout [String]) {
        var first = index
        while first > 0, cells[first].isEmpty { first -= 1 }
        cells[first] = " "
        var next = first + 1
        while next < cells.count, cells[next].isEmpty {
            cells[next] = " "
            next += 1
        }
    }

    private mutating func eraseRest() {
        var cells = rows[cursorRow].cells
        if column < cells.count {
            Self.clear(column, in: &cells)
            cells.removeSubrange(column...)
        }
        rows[cursorRow] = Row(cells: cells)
        beginRow()
    }
}

// MARK: Sequences

extension ModelTerminal {
    private mutating func escape(_ scalars: inout Substring.UnicodeScalarView) {
        switch scalars.popFirst() {
        case "[": break
        case "7": return saved = (cursorRow - top, column, isAtEdge)
        case "8":
            (cursorRow, column, isAtEdge) = (top + saved.row, saved.column, saved.isAtEdge)
            return
        default: return faults.append("escape")
        }
        let end = scalars.firstIndex { $0.value >= 0x40 } ?? scalars.endIndex
        let parameters = String(scalars[..<end])
        guard end < scalars.endIndex else { return faults.append("half a sequence") }
        let final = scalars[end]
        scalars = scalars[end...].dropFirst()
        if final != "m" { control(final, parameters) }
    }

    private mutating func control(_ final: Unicode.Scalar, _ parameters: String) {
        let count = Int(parameters) ?? 1
        switch (final, parameters) {
        case ("A", _): (cursorRow, isAtEdge) = (max(top, cursorRow - count), false)
        case ("B", _): (cursorRow, isAtEdge) = (min(rows.count - 1, cursorRow + count), false)
        case ("G", _): (column, isAtEdge) = (min(size.columns, max(1, count)) - 1, false)
        case ("K", ""): eraseRest()
        case ("J", ""):
            eraseRest()
            for index in (cursorRow + 1)..<max(cursorRow + 1, rows.count) { rows[index] = Row() }
        case ("n", "6"): answers.append("\u{1B}[\(cursorRow - top + 1);\(column + 1)R")
        case ("h", "?25"): cursorIsVisible = true
        case ("l", "?25"): cursorIsVisible = false
        case ("h", "?2026"): isInFrame = true
        case ("l", "?2026"): isInFrame = false
        default: faults.append("CSI \(parameters)\(final)")
        }
    }
}

// MARK: Resizing

extension ModelTerminal {
    mutating func resize(to new: TerminalSize) {
        switch resizing {
        case .clips:
            for index in rows.indices { clip(&rows[index], new.columns) }
            column = min(column, new.columns - 1)
        case .rewraps: rewrap(new.columns)
        }
        isAtEdge = false
        let missing = new.rows - size.rows
        // Empty rows at the bottom go first; then the top goes into the past, or comes from it.
        for _ in 0..<max(0, -missing) where canDropLast(keeping: new.rows) { rows.removeLast() }
        if missing > 0, !takesFromPast {
            rows += Array(repeating: Row(), count: missing)
        }
        while rows.count < new.rows { rows.append(Row()) }
        size = new
        cursorRow = max(cursorRow, top)
    }

    private func canDropLast(keeping count: Int) -> Bool {
        rows.count > count && cursorRow < rows.count - 1 && rows[rows.count - 1].cells.isEmpty
    }

    private func clip(_ row: inout Row, _ columns: Int) {
        guard row.cells.count > columns else { return }
        if row.cells[columns].isEmpty { Self.clear(columns, in: &row.cells) }
        row.cells.removeSubrange(columns...)
    }

    private mutating func rewrap(_ columns: Int) {
        var wrapped: [Row] = []
        var place: (row: Int, column: Int)?
        var isOpen = false
        for (index, row) in rows.enumerated() {
            if !isOpen { wrapped.append(Row()) }
            for (cell, text) in row.cells.enumerated() {
                let width = 1 + row.cells[(cell + 1)...].prefix { $0.isEmpty }.count
                if !text.isEmpty, wrapped[wrapped.count - 1].cells.count + width > columns {
                    wrapped[wrapped.count - 1].isWrapped = true
                    wrapped.append(Row())
                }
                wrapped[wrapped.count - 1].cells.append(text)
                if index == cursorRow, cell == column {
                    place = (wrapped.count - 1, wrapped[wrapped.count - 1].cells.count - 1)
                }
            }
            if index == cursorRow, place == nil {
                // Behind the text: in its last row, at the edge at most.
                let cells = wrapped[wrapped.count - 1].cells.count
                place = (wrapped.count - 1, min(cells + column - row.cells.count, columns - 1))
            }
            isOpen = row.isWrapped
        }
        rows = wrapped
        (cursorRow, column) = place ?? (rows.count - 1, 0)
        while rows.count > size.rows, cursorRow < rows.count - 1, rows[rows.count - 1].cells.isEmpty
        {
            rows.removeLast()
        }
    }
}
