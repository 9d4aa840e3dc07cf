/// The line being typed, as a value: keys in, what to do out.
package struct LineEditor: Sendable {
    /// What a key led to, besides a change of the line.
    package enum Outcome: Hashable, Sendable {
        /// The line may have changed; draw it.
        case edited
        /// The person entered this; the line is empty again.
        case entered(String)
        /// The person wants to leave.
        case leave
        /// Ctrl-C on an empty line: leave when it comes again.
        case wantsToLeave
        case suspend
        case redraw
    }

    /// The text on both sides of the cursor.
    package private(set) var before = ""
    package private(set) var after = ""

    package var text: String { before + after }

    /// Lines entered before, oldest first; kept in memory alone, since they are plain text.
    private var history: [String] = []
    /// Where in the history the person is; its end is the line being typed, kept in `draft`.
    private var historyIndex = 0
    private var draft = ""
    private var killed = ""
    private var asked = false

    /// Lines that are remembered, and bytes of the longest that is.
    private static let maximumHistory = 500
    private static let maximumRemembered = 64 << 10

    package init() {}

    package mutating func handle(_ key: Key) -> Outcome {
        let wasAsked = asked
        asked = false
        switch key {
        case .text(let text), .paste(let text): before += text
        case .enter: return enter()
        case .control("c"): return interrupt(wasAsked: wasAsked)
        case .control("d"):
            if before.isEmpty && after.isEmpty { return .leave }
            if !after.isEmpty { after.removeFirst() }
        case .control("z"): return .suspend
        case .control("l"): return .redraw
        default: edit(key)
        }
        return .edited
    }

    private mutating func edit(_ key: Key) {
        switch key {
        case .backspace: if !before.isEmpty { before.removeLast() }
        case .delete: if !after.isEmpty { after.removeFirst() }
        case .left, .control("b"):
            if let last = before.popLast() { after = String(last) + after }
        case .right, .control("f"):
            if !after.isEmpty { before.append(after.removeFirst()) }
        case .home, .control("a"): set(before: "", after: text)
        case .end, .control("e"): set(before: text, after: "")
        case .control("u"): kill(before, keeping: "", after)
        case .control("k"): kill(after, keeping: before, "")
        case .control("w"): killWord()
        case .control("y"): before += killed
        case .up, .control("p"): recall(historyIndex - 1)
        case .down, .control("n"): recall(historyIndex + 1)
        default: break
        }
    }

    private mutating func set(before: String, after: String) {
        self.before = before
        self.after = after
    }

    private mutating func kill(_ text: String, keeping before: String, _ after: String) {
        if !text.isEmpty { killed = text }
        set(before: before, after: after)
    }

    /// Back to the beginning of the word, with the space after it.
    private mutating func killWord() {
        var rest = before[...]
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        while let last = rest.last, !last.isWhitespace { rest.removeLast() }
        kill(String(before[rest.endIndex...]), keeping: String(rest), after)
    }

    private mutating func enter() -> Outcome {
        let entered = text
        if !entered.isEmpty, entered != history.last, entered.utf8.count <= Self.maximumRemembered {
            history.append(entered)
            if history.count > Self.maximumHistory { history.removeFirst() }
        }
        clear()
        return .entered(entered)
    }

    private mutating func clear() {
        set(before: "", after: "")
        historyIndex = history.count
        draft = ""
    }

    /// Clears a line with text; on an empty one, the second time in a row leaves.
    private mutating func interrupt(wasAsked: Bool) -> Outcome {
        if before.isEmpty && after.isEmpty {
            if wasAsked { return .leave }
            asked = true
            return .wantsToLeave
        }
        killed = text
        clear()
        return .edited
    }

    private mutating func recall(_ index: Int) {
        guard index >= 0, index <= history.count else { return }
        if historyIndex == history.count { draft = text }
        historyIndex = index
        set(before: index == history.count ? draft : history[index], after: "")
    }
}
