/// The text being typed, as a value: keys in, what to do out. The keys are readline's.
///
/// Give it every `Key`; what is not an editor's business (focus, replies of the terminal) it takes
/// for nothing. Draw it with `InputArea`.
package struct LineEditor: Sendable {
    /// What a key led to, besides a change of the text.
    package enum Outcome: Hashable, Sendable {
        /// Nothing is to be drawn.
        case unchanged
        /// The text, the cursor or what is shown of them may have changed; draw it.
        case edited
        /// The person entered this; the text is empty again and the history has it.
        case entered(String)
        /// The person wants to leave: Ctrl-D on an empty line, or Ctrl-C on one twice in a row.
        case leave
        /// Ctrl-C on an empty line: leave when it comes again. The caller may take the question back
        /// after a while with `forgetInterrupt`.
        case wantsToLeave
        case suspend
        case redraw
        /// Tab: say with `offer` what may complete the text before the cursor.
        case complete(before: String)
        /// Ctrl-X Ctrl-E: the text in an editor of the person's choice.
        case openEditor
        /// PageUp or PageDown, which are the terminal's.
        case wantsToScroll
    }

    package internal(set) var buffer = EditBuffer()
    /// Lines entered before. Exchange it when the person goes to another room.
    package var history = InputHistory() {
        didSet { if history != oldValue { browsing = nil } }
    }
    /// Candidates that Tab goes through, while it does.
    package internal(set) var completion: Completion?
    /// A search in the history, while there is one.
    package internal(set) var search: Search?

    var killRing = KillRing()
    var undo = UndoStack()
    var browsing: Browsing?
    /// What the last key did, since some keys go on where that left off.
    var last = LastAction.other
    private var wantsQuoted = false
    private var isAfterControlX = false
    private var wasInterrupted = false

    enum LastAction: Hashable, Sendable {
        case typing, cutting, other
        /// Put back what was cut, at this range.
        case yanking(Range<Int>)
    }

    package init() {}

    package var text: String { buffer.text }
    package var before: String { buffer.before }
    package var after: String { buffer.after }
    package var isEmpty: Bool { buffer.isEmpty }

    /// Replaces the text, as after an external editor; can be undone.
    package mutating func setText(_ text: String) {
        undo.keep(buffer)
        buffer = EditBuffer(text)
        (completion, search, browsing, last) = (nil, nil, nil, .other)
    }

    /// Takes back the question that `.wantsToLeave` was.
    package mutating func forgetInterrupt() { wasInterrupted = false }

    package mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .focus, .reply, .unknown: return .unchanged
        default: break
        }
        let wasInterrupted = wasInterrupted
        self.wasInterrupted = false
        if wantsQuoted {
            wantsQuoted = false
            return quote(key)
        }
        if isAfterControlX {
            isAfterControlX = false
            return afterControlX(key)
        }
        if search != nil, let outcome = searching(key) { return outcome }
        if completion != nil, let outcome = completing(key) { return outcome }
        if key == .control("c") { return interrupt(wasInterrupted: wasInterrupted) }
        return perform(key)
    }

    private mutating func perform(_ key: Key) -> Outcome {
        switch key {
        case .text(let text): return type(text)
        case .paste(let text): return paste(text)
        case .enter: return enter()
        case .newline: return type("\n")
        case .tab: return .complete(before: buffer.before)
        case .control("d"):
            if buffer.isEmpty { return .leave }
            return delete(buffer.cursor..<min(buffer.cursor + 1, buffer.units.count))
        case .control("z"): return .suspend
        case .control("l"): return .redraw
        case .control("r"): return startSearch()
        case .control("v"):
            wantsQuoted = true
            return .unchanged
        case .control("x"):
            isAfterControlX = true
            return .unchanged
        case .pageUp, .pageDown: return .wantsToScroll
        default: return move(key) ?? change(key)
        }
    }

    /// Keys that move the cursor; nil for another key.
    private mutating func move(_ key: Key) -> Outcome? {
        switch key {
        case .left, .control("b"): return move(to: buffer.cursor - 1)
        case .right, .control("f"): return move(to: buffer.cursor + 1)
        case .home, .control("a"): return move(to: buffer.lineStart)
        case .end, .control("e"): return move(to: buffer.lineEnd)
        case .wordLeft, .alt("b"): return move(to: buffer.wordStart)
        case .wordRight, .alt("f"): return move(to: buffer.wordEnd)
        case .up: return buffer.lineAbove.map { move(to: $0) } ?? recallOlder(matching: true)
        case .down: return buffer.lineBelow.map { move(to: $0) } ?? recallNewer(matching: true)
        case .control("p"): return recallOlder(matching: false)
        case .control("n"): return recallNewer(matching: false)
        case .alt("<"): return move(to: 0)
        case .alt(">"): return move(to: buffer.units.count)
        default: return nil
        }
    }

    /// Keys that change the text.
    private mutating func change(_ key: Key) -> Outcome {
        let cursor = buffer.cursor
        switch key {
        case .backspace: return delete(max(0, cursor - 1)..<cursor)
        case .delete: return delete(cursor..<min(cursor + 1, buffer.units.count))
        case .control("w"): return cut(buffer.spacedWordStart..<cursor, .backward)
        case .wordBackspace: return cut(buffer.wordStart..<cursor, .backward)
        case .alt("d"), .wordDelete: return cut(cursor..<buffer.wordEnd, .forward)
        case .control("u"):
            let start = buffer.lineStart
            return cut((start == cursor ? max(0, cursor - 1) : start)..<cursor, .backward)
        case .control("k"):
            let end = buffer.lineEnd
            return cut(cursor..<(end == cursor ? min(end + 1, buffer.units.count) : end), .forward)
        case .control("y"): return yank()
        case .alt("y"): return yankPrevious()
        case .control("t"): return edit { $0.transpose() }
        case .alt("u"): return changeCase { $0.uppercased() }
        case .alt("l"): return changeCase { $0.lowercased() }
        case .alt("c"): return changeCase(Self.capitalized)
        case .control("_"): return takeBack()
        default:
            last = .other
            return .unchanged
        }
    }
}

// MARK: What keys do

extension LineEditor {
    /// Does a change that can be undone.
    mutating func edit(_ change: (inout EditBuffer) -> Void) -> Outcome {
        let before = buffer
        change(&buffer)
        last = .other
        guard buffer != before else { return .unchanged }
        undo.keep(before)
        return .edited
    }

    private mutating func move(to position: Int) -> Outcome {
        let before = buffer.cursor
        buffer.move(to: position)
        last = .other
        return buffer.cursor == before ? .unchanged : .edited
    }

    private mutating func type(_ text: String) -> Outcome {
        // A word at a time is undone.
        if last != .typing || text.utf8.contains(where: { $0 == 0x20 || $0 == 0x0A }) {
            undo.keep(buffer)
        }
        buffer.insert(text)
        last = .typing
        return .edited
    }

    private mutating func paste(_ text: String) -> Outcome {
        text.isEmpty ? .unchanged : edit { $0.insert(text) }
    }

    private mutating func delete(_ range: Range<Int>) -> Outcome {
        range.isEmpty ? .unchanged : edit { _ = $0.remove(range) }
    }

    private mutating func changeCase(_ change: (String) -> String) -> Outcome {
        edit { buffer in
            let end = buffer.wordEnd
            let range = buffer.cursor..<end
            let hasPaste = buffer.units[range].contains {
                if case .paste = $0 { true } else { false }
            }
            guard !hasPaste else { return buffer.move(to: end) }
            buffer.replace(range, with: change(EditBuffer.text(of: buffer.units[range])))
        }
    }

    /// The first letter large, the others small.
    private static func capitalized(_ text: String) -> String {
        guard let first = text.firstIndex(where: \.isLetter) else { return text }
        let next = text.index(after: first)
        return text[..<first] + text[first..<next].uppercased() + text[next...].lowercased()
    }

    private mutating func takeBack() -> Outcome {
        last = .other
        guard let before = undo.takeBack() else { return .unchanged }
        buffer = before
        return .edited
    }

    /// A backslash at the very end asks for another line.
    private mutating func enter() -> Outcome {
        let count = buffer.units.count
        if buffer.cursor == count, buffer.units.last == .cluster("\\") {
            return edit { $0.replace(count - 1..<count, with: "\n") }
        }
        let entered = buffer.text
        history.add(entered)
        clear()
        return .entered(entered)
    }

    private mutating func clear() {
        (buffer, undo) = (EditBuffer(), UndoStack())
        (browsing, completion, search, last) = (nil, nil, nil, .other)
    }

    /// Clears a line with text; on an empty one, the second time in a row leaves.
    private mutating func interrupt(wasInterrupted: Bool) -> Outcome {
        if buffer.isEmpty {
            if wasInterrupted { return .leave }
            self.wasInterrupted = true
            return .wantsToLeave
        }
        killRing.add(buffer.units, .forward, joining: false)
        clear()
        return .edited
    }

    private mutating func afterControlX(_ key: Key) -> Outcome {
        switch key {
        case .control("e"): .openEditor
        case .control("u"): takeBack()
        default: .unchanged
        }
    }

    /// The next key as text: a control as the sign that stands for it, never as itself.
    private mutating func quote(_ key: Key) -> Outcome {
        switch key {
        case .text(let text), .paste(let text): type(text)
        case .enter, .newline: type("\n")
        case .tab: type("\t")
        case .escape: type("\u{241B}")
        case .backspace: type("\u{2421}")
        case .control(let character): type(Self.picture(of: character))
        default: .unchanged
        }
    }

    private static func picture(of character: Character) -> String {
        guard let ascii = character.asciiValue,
            let scalar = Unicode.Scalar(0x2400 + UInt32(ascii & 0x1F))
        else { return "" }
        return String(scalar)
    }
}

/// Earlier states of the text, newest last.
struct UndoStack: Hashable, Sendable {
    private var states: [EditBuffer] = []
    /// Changes that can be undone.
    private static let maximum = 200

    mutating func keep(_ state: EditBuffer) {
        guard states.last != state else { return }
        states.append(state)
        if states.count > Self.maximum { states.removeFirst() }
    }

    mutating func takeBack() -> EditBuffer? { states.popLast() }
}
