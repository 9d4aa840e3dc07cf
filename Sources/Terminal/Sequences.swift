/// The few sequences that are written; every terminal of the last twenty years takes them.
enum Sequences {
    static let hideCursor = "\u{1B}[?25l"
    static let showCursor = "\u{1B}[?25h"
    static let saveCursor = "\u{1B}7"
    static let restoreCursor = "\u{1B}8"
    /// From the cursor to the end of the screen; nothing above it, nothing of the past.
    static let eraseBelow = "\u{1B}[J"
    /// From the cursor to the end of the row.
    static let eraseRest = "\u{1B}[K"
    static let askCursor = "\u{1B}[6n"
    static let beginFrame = "\u{1B}[?2026h"
    static let endFrame = "\u{1B}[?2026l"

    static func up(_ rows: Int) -> String { rows > 0 ? "\u{1B}[\(rows)A" : "" }
    static func down(_ rows: Int) -> String { rows > 0 ? "\u{1B}[\(rows)B" : "" }
    /// To a column of the same row, from 0 on.
    static func column(_ column: Int) -> String { column == 0 ? "\r" : "\u{1B}[\(column + 1)G" }
}
