/// What a person sees of a terminal's bytes: just enough of one to read a line editor's output.
/// Stories compare screens, never escape sequences.
struct Screen {
    private(set) var rows: [[Character]] = [[]]
    private(set) var row = 0
    private(set) var column = 0
    let width: Int

    init(width: Int, showing bytes: [UInt8]) {
        self.width = width
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": moveDown()
            case "\u{8}": column = max(0, column - 1)
            case "\u{7}": break
            case "\u{1b}": escape(&scalars)
            default: put(Character(scalar))
            }
        }
    }

    /// The lines that are not empty, without trailing spaces.
    var lines: [String] {
        rows.map { row in
            var text = String(row)
            while text.unicodeScalars.last == " " { text.unicodeScalars.removeLast() }
            return text
        }.filter { !$0.isEmpty }
    }

    /// The line with the cursor.
    var currentLine: String { String(rows[row]) }

    private mutating func put(_ character: Character) {
        if column >= width {
            column = 0
            moveDown()
        }
        while rows[row].count <= column { rows[row].append(" ") }
        rows[row][column] = character
        column += 1
    }

    private mutating func moveDown() {
        row += 1
        if row == rows.count { rows.append([]) }
    }

    /// CSI sequences that move and erase; all others (colours, modes) change nothing that is read.
    private mutating func escape(_ scalars: inout Substring.UnicodeScalarView) {
        guard scalars.first == "[" else {
            if scalars.first == "]" {
                while let scalar = scalars.popFirst(), scalar != "\u{7}", scalar != "\\" {}
            } else {
                _ = scalars.popFirst()
            }
            return
        }
        scalars.removeFirst()
        var parameters = ""
        while let scalar = scalars.popFirst() {
            guard ("\u{40}"..."\u{7e}").contains(scalar) else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            return perform(scalar, parameters.split(separator: ";").map { Int($0) ?? 0 })
        }
    }

    private mutating func perform(_ command: Unicode.Scalar, _ parameters: [Int]) {
        let count = max(1, parameters.first ?? 1)
        switch command {
        case "A": row = max(0, row - count)
        case "B": for _ in 0..<count { moveDown() }
        case "C": column = min(width - 1, column + count)
        case "D": column = max(0, column - count)
        case "G": column = count - 1
        case "K": eraseLine(parameters.first ?? 0)
        case "J":
            eraseLine(parameters.first ?? 0)
            if parameters.first ?? 0 == 0 { rows.removeSubrange((row + 1)...) }
        case "P":
            let end = min(column + count, rows[row].count)
            rows[row].removeSubrange(min(column, end)..<end)
        default: break
        }
    }

    private mutating func eraseLine(_ part: Int) {
        switch part {
        case 0: rows[row].removeSubrange(min(column, rows[row].count)...)
        case 2: rows[row] = []
        default: for index in 0..<min(column + 1, rows[row].count) { rows[row][index] = " " }
        }
    }
}
