package import Terminal

/// What keys do.
extension Console {
    package mutating func press(_ key: Key) -> Effect {
        switch key {
        case .focus(let focus): return look(focus)
        case .reply(let reply): return .learn(reply)
        case .unknown: return .none
        default: break
        }
        hint = nil
        readAll()
        if let question { return answer(question, key) }
        if leavesWhenDone, key == .control("c") || key == .escape {
            leavesWhenDone = false
            return .draw
        }
        return act(on: editor.handle(key))
    }

    private mutating func look(_ focus: Bool) -> Effect {
        hasFocus = focus
        if focus { readAll() }
        return .draw
    }

    private mutating func act(on outcome: LineEditor.Outcome) -> Effect {
        switch outcome {
        case .unchanged: return .none
        case .edited: return .draw
        case .entered(let line): return enter(line)
        case .leave: return leave()
        case .wantsToLeave:
            hint = "Ctrl-C again leaves the room"
            return .draw
        case .suspend: return .suspend
        case .redraw: return .scrollAway
        case .complete(let before): return .complete(before)
        case .openEditor:
            hint = "no other program can be started from here; Alt-Enter makes a new line"
            return .draw
        case .wantsToScroll:
            hint = "what was said is in the terminal's own scrollback: scroll there"
            return .draw
        }
    }

    /// The hint has been there for long enough.
    package mutating func expire() -> Effect {
        editor.forgetInterrupt()
        guard hint != nil else { return .none }
        hint = nil
        return .draw
    }

    /// True while something waits for `expire`.
    package var hasHint: Bool { hint != nil }

    mutating func say(hint text: SafeText) { hint = StyledText(text) }

    /// What a key completes: the face found it out.
    mutating func offer(_ answer: Completer.Answer) -> Effect {
        switch answer {
        case .nothing: return .none
        case .hint(let text):
            hint = StyledText(text)
            return .draw
        case .candidates(let candidates, let count):
            return act(on: editor.offer(candidates, replacing: count))
        }
    }

    private mutating func enter(_ line: String) -> Effect {
        // What is pasted ends with the end of its last line, which nobody means to say.
        var line = line
        while line.utf8.last == 0x0A { line.unicodeScalars.removeLast() }
        if line.utf8.count > Self.largePaste {
            question = .paste(line)
            return .draw
        }
        return .perform(line)
    }

    // MARK: Questions

    func asked(_ question: Question, _ columns: Int) -> [StyledText] {
        let text: StyledText =
            switch question {
            case .paste(let text):
                "\(Describe.size(UInt64(text.utf8.count))) of text: \("m", .strong) sends it as a message, \("f", .strong) as a file, Esc keeps it: "
            case .leave:
                "\(underWay) under way: \("w", .strong) waits, \("l", .strong) leaves now, Esc stays: "
            }
        let rows = Wrap(columns: columns, width: page.width).rows(of: text)
        return rows.isEmpty ? [text] : rows
    }

    private var underWay: SafeText {
        let messages = model.unsent.count
        let files = model.transfers.running.count
        let parts: [SafeText] = [
            messages > 0 ? Describe.count(messages, "message") : "",
            files > 0 ? Describe.count(files, "file") : "",
        ]
        let verb: SafeText = messages + files == 1 ? "is" : "are"
        return parts.filter { !$0.isEmpty }.joined(separator: " and ") + " \(verb)"
    }

    private mutating func answer(_ question: Question, _ key: Key) -> Effect {
        self.question = nil
        switch (question, key) {
        case (.paste(let text), .text("m")), (.paste(let text), .text("M")):
            return .perform(text)
        case (.paste(let text), .text("f")), (.paste(let text), .text("F")):
            return .sendAsFile(text)
        case (.leave, .text("w")), (.leave, .text("W")):
            leavesWhenDone = true
            return isBusy ? .draw : leaveNow()
        case (.leave, .text("l")), (.leave, .text("L")), (.leave, .control("d")),
            (.leave, .control("c")):
            return leaveNow()
        case (.paste(let text), .escape), (.paste(let text), .control("c")):
            editor.setText(text)
        case (.leave, .escape): break
        default: self.question = question
        }
        return .draw
    }

    /// Leaves; while something is under way it is asked first.
    mutating func leave() -> Effect {
        if isBusy, !isLeaving {
            question = .leave
            return .draw
        }
        return leaveNow()
    }

    /// Leaves in good order, however often that is said: a terminal that is closed says it with a
    /// signal, with the end of the input, and with a write that fails.
    package mutating func depart() -> Effect { isLeaving ? .none : leaveNow() }

    /// Leaves in good order; when a person asks a second time, at once.
    mutating func leaveNow() -> Effect {
        defer { isLeaving = true }
        if isLeaving { return .leaveAtOnce }
        question = nil
        hint = "leaving"
        return .leave
    }
}
