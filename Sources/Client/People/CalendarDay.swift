import Foundation

/// A day as the file of known people names it.
enum CalendarDay {
    /// In UTC, as ISO 8601 writes it: `2026-11-23`.
    static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day())
    }
}
