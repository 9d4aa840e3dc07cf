package import Client
package import Terminal
import Wire

/// What a person sees at a terminal and does there: the room's model, the text being typed and the
/// questions asked, as a value. Keys and events go in; rows to print, the live region, and what the
/// face is to do come out.
package struct Console: Sendable {
    /// What a key asks of the face.
    package enum Effect: Equatable, Sendable {
        case none
        /// What is live may have changed.
        case draw
        /// A line was entered.
        case perform(String)
        /// A long paste is to go as a file.
        case sendAsFile(String)
        /// Tab: what may complete this is to be offered.
        case complete(String)
        case leave
        /// The person does not want to wait for that any longer.
        case leaveAtOnce
        case suspend
        /// What is on the screen goes into the past, and the live region is drawn anew.
        case scrollAway
        case learn(TerminalReply)
    }

    /// What came of an event.
    package struct Happened {
        package var rows: [StyledText] = []
        package var notification: Notification?
        /// Nothing is under way any more, and the person wanted to leave then.
        package var isDone = false
    }

    enum Question: Equatable, Sendable {
        case paste(String)
        case leave
    }

    package internal(set) var model: RoomModel
    package internal(set) var editor = LineEditor()
    var page: Page
    var question: Question?
    /// A notice that the next key takes away.
    var hint: StyledText?
    var notifier = Notifier()
    /// Whether the person looks here; nil while the terminal has not said, and some never do: tmux
    /// is silent unless its focus-events are on.
    var hasFocus: Bool?
    private var unread = 0
    /// True when the person wants to leave as soon as nothing is under way.
    var leavesWhenDone = false
    var isLeaving = false

    private static let prompt = StyledText("> ", .strong)
    /// Bytes of a text from which on it is asked whether it is a message or a file.
    package static let largePaste = 32 << 10

    package init(model: RoomModel, size: TerminalSize, width: CellWidth = CellWidth()) {
        self.model = model
        page = Page(size: size, width: width)
    }

    package mutating func resize(to size: TerminalSize) { page.size = size }

    package mutating func measure(by width: CellWidth) { page.width = width }

    // MARK: What happens

    package mutating func apply(
        _ event: ClientEvent, at now: WallTime, instant: ContinuousClock.Instant
    ) -> Happened {
        let told = model.apply(event, at: now)
        if case .message = event, isLookingElsewhere { unread += 1 }
        return Happened(
            rows: told.flatMap { page.rows(of: $0) },
            notification: notifier.notification(
                of: event, told, hasFocus: hasFocus == true, at: instant),
            isDone: leavesWhenDone && !isBusy)
    }

    /// The person has seen what is there.
    mutating func readAll() { unread = 0 }

    /// In another window, or in what was entered before.
    private var isLookingElsewhere: Bool { hasFocus == false || editor.search != nil }

    /// True while something would be broken off by leaving.
    var isBusy: Bool { !model.unsent.isEmpty || model.isTransferring }

    /// Takes in what a line came to; gives what to print.
    mutating func take(_ replies: [Reply], at now: WallTime) -> (rows: [StyledText], effect: Effect)
    {
        var rows: [StyledText] = []
        var effect = Effect.draw
        for reply in replies {
            switch reply {
            case .show(let number): rows += page.show(number)
            case .notify(let level, let withText): rows += notify(level, withText)
            case .clear: effect = .scrollAway
            case .leave: effect = leave()
            default: rows += model.take(reply, at: now).flatMap { page.rows(of: $0) }
            }
        }
        return (rows, effect)
    }

    private mutating func notify(_ level: NotifyLevel?, _ withText: Bool) -> [StyledText] {
        if let level { (notifier.level, notifier.showsText) = (level, withText) }
        let what: SafeText =
            switch notifier.level {
            case .all: "every message rings"
            case .mentions: "what names you rings"
            case .none: "nothing rings"
            }
        let text: SafeText = notifier.showsText ? ", and shows its text" : ""
        return page.rows(of: .notice("\(what) unless this window has the focus\(text)"))
    }

    /// Something to tell that comes from here and not from the room.
    package mutating func rows(telling told: Told) -> [StyledText] { page.rows(of: told) }

    // MARK: What is live

    /// Rows that the live region may have, as `InlineScreen` allows them.
    package func live(maximumRows: Int) -> LiveRegion {
        let columns = page.size.columns
        let most = min(InputArea.usualMaximumRows, max(1, maximumRows - 1))
        let input = input(columns: columns, rows: most)
        var room = maximumRows - input.rows.count
        var rows: [StyledText] = []
        let candidates = candidates(columns)
        let waits: StyledText? = leavesWhenDone ? "leaves when all is done; Esc stays" : nil
        for row in [waits, candidates, hint].compactMap(\.self) where room > 0 {
            rows.append(row.fitting(columns: columns - 1, width: page.width))
            room -= 1
        }
        let above =
            room > 0
            ? model.live(lines: room, columns: columns - 1, width: page.width, unread: unread)
            : []
        return LiveRegion(above: above + rows, input)
    }

    private func input(columns: Int, rows: Int) -> LiveRegion {
        if let question { return LiveRegion(rows: asked(question, columns)) }
        let area = InputArea(
            prompt: Self.prompt, columns: columns, maximumRows: rows, width: page.width)
        return area.draw(editor)
    }

    /// What Tab goes through: the one that is chosen stands out.
    private func candidates(_ columns: Int) -> StyledText? {
        guard let completion = editor.completion else { return nil }
        var row = StyledText()
        // Those before the chosen one go when there is no room for it.
        var first = 0
        repeat {
            row = StyledText()
            for index in first..<completion.candidates.count {
                let text = SafeText(untrusted: completion.candidates[index])
                let isChosen = index == completion.index
                row.append(index > first ? "  " : "")
                row.append(text, isChosen ? .selected : .quiet)
                if isChosen, page.width.most(row) > columns - 1, first < index { break }
            }
            first += 1
        } while first <= completion.index && !shows(row, completion, first - 1, columns)
        return row
    }

    private func shows(
        _ row: StyledText, _ completion: LineEditor.Completion, _ first: Int, _ columns: Int
    ) -> Bool {
        let shown = completion.candidates[first...completion.index]
        let cells = shown.reduce(0) { $0 + page.width.most(SafeText(untrusted: $1)) + 2 }
        return cells - 2 < columns
    }
}
