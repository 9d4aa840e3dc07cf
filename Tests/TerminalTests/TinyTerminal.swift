/// A terminal of a few rows, as much of one as our own sequences need: what is on the screen, what
/// scrolled off it, and where the cursor is. It clips when it is resized, or wraps anew.
struct TinyTerminal {
    private(set) var rows: [[Character]] = [[]]
    private(set) var row = 0
    private(set) var column = 0
    private(set) var columns: Int
    private(set) var cursorIsVisible = true
    /// What no terminal should have been sent.
    private(set) var faults: [String] = []
    private var saved = (row: 0, column: 0)
    let height: Int

    init(columns: Int, height: Int = 24) {
        self.columns = columns
        self.height = height
    }

    /// Everything from the first row on, without the spaces at line ends.
    var lines: [String] {
        rows.map { row in
            var text = String(row)
            while text.last == " " { text.removeLast() }
            return text
        }
    }

    mutating func write(_ text: String) {
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\u{1B}": escape(&scalars)
            case "\r": column = 0
            case "\n": lineFeed()
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                faults.append("control \(scalar.value)")
            default: put(Character(scalar))
            }
        }
    }

    private mutating func lineFeed() {
        row += 1
        if row == rows.count { rows.append([]) }
    }

    private mutating func put(_ character: Character) {
        if column == columns {
            column = 0
            lineFeed()
        }
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    private mutating func escape(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        switch scalars.popFirst() {
        case "7": saved = (row, column)
        case "8": (row, column) = saved
        case "[":
            let end = scalars.firstIndex { $0.value >= 0x40 } ?? scalars.endIndex
            let parameters = String(String.UnicodeScalarView(scalars[..<end]))
            let final = end < scalars.endIndex ? scalars[end] : "?"
            scalars = scalars[end...].dropFirst()
            control(final, parameters)
        default: faults.append("escape")
        }
    }

    private mutating func control(_ final: Unicode.Scalar, _ parameters: String) {
        switch (final, parameters) {
        case ("A", _): row = max(max(0, rows.count - height), row - (Int(parameters) ?? 1))
        case ("J", ""):
            rows.removeSubrange((row + 1)...)
            rows[row] = Array(rows[row].prefix(column))
        case ("h", "?25"): cursorIsVisible = true
        case ("l", "?25"): cursorIsVisible = false
        default: faults.append("CSI \(parameters)\(final)")
        }
    }

    /// Becomes narrower or wider by wrapping every row anew, as tmux does.
    mutating func reflow(columns new: Int) {
        var wrapped: [[Character]] = []
        var cursor = (row: row, column: column)
        for (index, line) in rows.enumerated() {
            let pieces = max(1, (line.count + new - 1) / new)
            if index == row {
                cursor = (wrapped.count + min(pieces - 1, column / new), column % new)
            }
            for piece in 0..<pieces {
                wrapped.append(Array(line.dropFirst(piece * new).prefix(new)))
            }
        }
        rows = wrapped
        (row, column) = cursor
        columns = new
    }

    /// Becomes narrower by forgetting what stood in the columns that went.
    mutating func clip(columns new: Int) {
        rows = rows.map { Array($0.prefix(new)) }
        column = min(column, new - 1)
        columns = new
    }
}

/// The same numbers each time.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var x = state
        x ^= x >> 33
        x = x &* 0xff51_afd7_ed55_8ccd
        return x ^ (x >> 33)
    }
}
