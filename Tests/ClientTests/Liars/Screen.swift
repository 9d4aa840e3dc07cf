import ChatUI
import Terminal
import Wire

@testable import Client

/// What one person sees: every line that a face prints, as it prints it into a pipe.
struct Screen {
    /// Somebody's words.
    struct Line: Hashable, CustomStringConvertible {
        var name: String
        var text: String
        var description: String { "\(name): \(text)" }
    }

    private var model = RoomModel(folder: "folder", isLive: true)
    private static let now = WallTime(
        year: 2026, month: 11, day: 23, weekday: 1, hour: 14, minute: 2)
    private(set) var lines: [String] = []
    /// The conversation among them.
    private(set) var said: [Line] = []
    /// How many lines a test has looked at.
    private var looked = 0

    mutating func show(_ event: ClientEvent) { tell(model.apply(event, at: Self.now)) }

    /// This person said something.
    mutating func queued(_ id: MessageID, _ text: String) {
        tell(model.queued(id, text, at: Self.now))
    }

    private mutating func tell(_ told: [Told]) {
        for one in told {
            lines += PlainLines(.pipe).lines(of: one).map(\.string)
            guard case .said(let said) = one else { continue }
            self.said.append(Line(name: said.name.string, text: said.text))
        }
    }

    /// The lines since this was asked last.
    mutating func news() -> [String] {
        defer { looked = lines.count }
        return Array(lines[looked...])
    }

    /// A transfer that has not ended is drawn.
    var isReceiving: Bool { model.isTransferring }

    /// Something here says that not all may be as it was said.
    var tellsOfALie: Bool {
        lines.contains { $0.hasPrefix("-- WARNING: ") || $0.hasSuffix("can no longer be had") }
    }
}
