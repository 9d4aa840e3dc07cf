/// Cells of a terminal.
package struct TerminalSize: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = max(1, columns)
        self.rows = max(1, rows)
    }

    /// Where nobody knows.
    package static let usual = TerminalSize(columns: 80, rows: 24)
}
