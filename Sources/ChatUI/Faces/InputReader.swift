package import Terminal

/// Reads a standard stream, and signals, without holding up anybody else.
package actor InputReader {
    private let executor = QueueExecutor(label: "chatbox.input")
    private let poller: InputPoller

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    package init(poller: InputPoller) { self.poller = poller }

    /// What happens next; `.quiet` after so many milliseconds of nothing.
    package func next(timeout: Int32? = nil) -> InputPoller.Event { poller.next(timeout: timeout) }

    /// Ends a wait.
    package nonisolated func wake() { poller.wake() }
}

/// Gathers bytes into lines, each bounded.
struct LineSplitter {
    /// Bytes of a line: the longest message and what JSON makes of it at worst.
    static let maximumLine = 100 << 20

    private var pending: [UInt8] = []
    private var isTooLong = false

    enum Line: Equatable {
        case text(String)
        case tooLong
        /// Not UTF-8: what it says is not known.
        case notText
    }

    /// The lines that are complete now, without their ends.
    mutating func feed(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end])
            lines.append(finishLine())
            rest = rest[(end + 1)...]
        }
        take(rest)
        return lines
    }

    /// What came after the last line end.
    mutating func finish() -> [Line] {
        pending.isEmpty && !isTooLong ? [] : [finishLine()]
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard !isTooLong else { return }
        pending += bytes
        if pending.count > Self.maximumLine {
            isTooLong = true
            pending = []
        }
    }

    private mutating func finishLine() -> Line {
        defer { (pending, isTooLong) = ([], false) }
        if isTooLong { return .tooLong }
        if pending.last == 0x0D { pending.removeLast() }
        return String(validating: pending, as: UTF8.self).map(Line.text) ?? .notText
    }
}
