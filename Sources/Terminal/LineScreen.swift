/// What is on the terminal besides its own past: a few live lines, the last of which is being
/// typed. A pure value that gives what to write.
///
/// Three laws: a printed line is never touched again; the live lines are few and never wrap;
/// neither the screen nor its past is ever cleared.
package struct LineScreen: Sendable {
    /// What to show in the last line.
    package struct Input: Sendable {
        package var prompt: SafeText
        package var before: String
        package var after: String

        package init(prompt: SafeText, before: String, after: String) {
            self.prompt = prompt
            self.before = before
            self.after = after
        }
    }

    /// Cells in a row of the terminal.
    package private(set) var columns: Int
    /// Rows that the live lines above the input take now, so many are to be erased.
    private var rowsAbove = 0
    /// Characters of each live line as drawn: what a narrower terminal wraps anew.
    private var drawn: [Int] = []
    private var cursorCharacters = 0
    private let reflows: Bool

    /// A terminal narrower than this is taken to be as wide: nothing can be shown in it anyway.
    private static let minimumColumns = 8

    /// - Parameters:
    ///   - columns: cells in a row.
    ///   - reflows: true for terminals known to wrap lines anew when they become narrower.
    package init(columns: Int, reflows: Bool) {
        self.columns = max(columns, Self.minimumColumns)
        self.reflows = reflows
    }

    /// Takes a new width. The live lines are drawn anew by the next `draw`.
    package mutating func resize(columns: Int) {
        self.columns = max(columns, Self.minimumColumns)
        guard reflows, !drawn.isEmpty else { return }
        // Counted in characters, of which each has a cell at least: rather a left-over row than
        // one too many erased, which would be somebody's message.
        let rows = drawn.map { max(1, ($0 + self.columns - 1) / self.columns) }
        // At the end of a full row the cursor is still in it.
        let cursorRow = min(cursorCharacters / self.columns, (rows.last ?? 1) - 1)
        rowsAbove = rows.dropLast().reduce(0, +) + cursorRow
    }

    /// Prints lines for ever, above the live ones, and draws these again.
    package mutating func print(_ lines: [SafeText], live: [SafeText], input: Input) -> String {
        var output = Sequences.hideCursor + eraseLive()
        for line in lines { output += line.string + "\r\n" }
        return output + drawLive(live, input) + Sequences.showCursor
    }

    /// Draws the live lines again.
    package mutating func draw(live: [SafeText], input: Input) -> String {
        print([], live: live, input: input)
    }

    /// Removes the live lines: the program ends, or gives the terminal away for a while.
    package mutating func erase() -> String {
        defer { (rowsAbove, drawn, cursorCharacters) = (0, [], 0) }
        return eraseLive()
    }

    private func eraseLive() -> String {
        let up = rowsAbove > 0 ? "\u{1B}[\(rowsAbove)A" : ""
        return "\r" + up + Sequences.eraseBelow
    }

    private mutating func drawLive(_ live: [SafeText], _ input: Input) -> String {
        // One column stays free: a full row leaves the cursor in a state that terminals disagree on.
        let shown = live.map { $0.fitting(columns: columns - 1) }
        let line = visible(input)
        drawn = shown.map(\.string.count) + [line.count]
        rowsAbove = shown.count
        cursorCharacters = line.before.count
        return shown.map { $0.string + "\r\n" }.joined()
            + line.before + Sequences.saveCursor + line.after + Sequences.restoreCursor
    }

    /// The part of the input around the cursor that fits into one row.
    private func visible(_ input: Input) -> (before: String, after: String, count: Int) {
        let prompt = input.prompt.fitting(columns: columns / 2)
        let room = columns - 1 - Columns.of(prompt)
        // While there is text after the cursor, a little of it stays in view.
        let ahead = Self.take(input.after, columns: min(room / 3, 10))
        let left = Self.take(input.before.reversed(), columns: room - ahead.columns)
        let right = Self.take(input.after, columns: room - left.columns)
        let before = prompt.string + left.characters.reversed().joined()
        let after = right.characters.joined()
        return (before, after, before.count + after.count)
    }

    /// As many characters as fit, each made safe by itself.
    private static func take(
        _ text: some Sequence<Character>, columns: Int
    ) -> (characters: [String], columns: Int) {
        var characters: [String] = []
        var used = 0
        for character in text {
            let safe = character.isNewline ? "⏎" : SafeText(untrusted: String(character))
            let width = Columns.of(safe)
            if used + width > columns { break }
            used += width
            characters.append(safe.string)
        }
        return (characters, used)
    }
}
