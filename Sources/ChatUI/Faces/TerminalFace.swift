import Client
package import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The face on a terminal: what happens is printed once, into the terminal's own past, and a few
/// live rows stay below it. `Console` decides what; this carries it out.
package actor TerminalFace: Face {
    private let executor = QueueExecutor(label: "chatbox.terminal")
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    let session: any RoomSession
    let reader: InputReader
    let departure = Departure()
    private let conversation: Conversation
    private let lister: FolderLister
    private let pastes: PasteFolder?
    private let endAtOnce: @Sendable () -> Never
    var capabilities: Capabilities
    var console: Console
    var screen: InlineScreen
    var pacer: FramePacer
    private var decoder = KeyDecoder()
    let writer: TerminalWriter
    /// Something is to be drawn, or was written.
    let wishes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// A key waits to be seen.
    var isUrgent = false
    /// Events that wait for a terminal that takes nothing.
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// The terminal is somebody else's for a while: nothing is drawn.
    var isGivenAway = false

    /// What happens when nothing else does, and when.
    private var escapeEnds: ContinuousClock.Instant?
    private var hintEnds: ContinuousClock.Instant?
    private var settling = Settling.no

    /// While its size changes the terminal is not drawn on: first until the last change has come,
    /// then until it has said where its cursor is.
    private enum Settling: Equatable {
        case no
        case changing(until: ContinuousClock.Instant)
        case asked(until: ContinuousClock.Instant)

        var end: ContinuousClock.Instant? {
            switch self {
            case .no: nil
            case .changing(let until), .asked(let until): until
            }
        }
    }

    /// How long a hint is shown, and Ctrl-C waits for another.
    private static let hintTime = Duration.seconds(2)
    /// A window that is dragged changes its size many times.
    private static let changeTime = Duration.milliseconds(50)
    /// Terminals that wrap lines anew do so at once, and some (tmux) say so a quarter of a second
    /// later: who counts rows by the size before would count too many, and erase a message.
    private static let wrapTime = Duration.milliseconds(300)
    /// A terminal that takes nothing for so many milliseconds is not waited for at the end.
    private static let lastWait: Int32 = 1000

    /// Signals that this face answers itself.
    package static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP]

    /// - Parameters:
    ///   - room: the model to begin with.
    ///   - lister: the folders that files may be sent from.
    ///   - pastes: where a long paste becomes a file.
    ///   - capabilities: what is guessed of the terminal.
    ///   - endAtOnce: ends the program when its person does not wait until it has left.
    package init(
        session: any RoomSession, room: RoomModel, lister: FolderLister, pastes: PasteFolder?,
        reader: InputReader, capabilities: Capabilities, endAtOnce: @escaping @Sendable () -> Never
    ) {
        self.session = session
        self.reader = reader
        self.lister = lister
        self.pastes = pastes
        self.endAtOnce = endAtOnce
        self.capabilities = capabilities
        conversation = Conversation(session: session, lister: lister)
        let size = TerminalDevice.size()
        console = Console(model: room, size: size, width: capabilities.width)
        screen = InlineScreen(size: size, capabilities: capabilities)
        pacer = FramePacer(live: LiveRegion(rows: []))
        writer = TerminalWriter { [wishes] in wishes.continuation.yield() }
    }

    /// Stays in the room until it is left; throws why it could not stay.
    package func run() async throws {
        TerminalSession.start(&capabilities, &decoder)
        defer { TerminalSession.stop() }
        if capabilities.marksPastes == true { decoder.guessesPastes = false }
        adapt()
        showAtOnce()
        defer { finish() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.drawFrames() }
            defer { wishes.continuation.finish() }
            try await stay()
        }
    }

    /// The last rows, and the live region away.
    private func finish() {
        let frame = pacer.takeWhatever(at: .now)
        if !frame.lines.isEmpty {
            writer.write(screen.update(printing: frame.lines, live: frame.live))
        }
        writer.write(screen.erase())
        writer.finish(within: Self.lastWait)
    }

    var inputTimeout: Int32? {
        let next = [escapeEnds, hintEnds, settling.end].compactMap(\.self).min()
        return next.map {
            Int32(max(.zero, ContinuousClock.now.duration(to: $0)) / .milliseconds(1)) + 1
        }
    }

    /// True while the terminal must not be drawn on.
    var isOutOfReach: Bool { isGivenAway || settling != .no }

    /// Does what is due by now.
    private func keepTime() async {
        let now = ContinuousClock.now
        if let end = escapeEnds, end <= now {
            escapeEnds = nil
            await press(decoder.flush())
        }
        if let end = hintEnds, end <= now {
            hintEnds = nil
            await carryOut(console.expire())
        }
        if let end = settling.end, end <= now { settle() }
    }

    // MARK: What happens

    func handle(_ event: ClientEvent) async {
        let happened = console.apply(event, at: .now, instant: .now)
        if let notification = happened.notification {
            writer.write(notification.sequence(capabilities))
        }
        print(happened.rows)
        if happened.isDone { await carryOut(console.depart()) }
        // A terminal that takes no more holds the room back only when very much waits.
        if pacer.isFull, !console.isLeaving {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func roomEnded() {}

    func handle(_ input: InputPoller.Event) async -> Bool {
        switch input {
        case .bytes(let bytes): await press(decoder.feed(bytes))
        case .quiet: break
        case .end: await carryOut(console.depart())
        case .signal(let number): await handleSignal(number)
        case .woken: return false
        }
        await keepTime()
        return true
    }

    private func press(_ keys: [Key]) async {
        for key in keys { await carryOut(console.press(key)) }
        escapeEnds = decoder.isWaiting ? .now.advanced(by: KeyDecoder.silence) : nil
        hintEnds = console.hasHint ? .now.advanced(by: Self.hintTime) : nil
    }

    private func handleSignal(_ number: Int32) async {
        switch number {
        case SIGWINCH: resize()
        case SIGTSTP: suspend()
        case SIGCONT:
            TerminalSession.resume(capabilities)
            resize()
        default: await carryOut(console.depart())
        }
    }

    // MARK: What is to be done

    private func carryOut(_ effect: Console.Effect) async {
        switch effect {
        case .none: break
        case .draw: showAtOnce()
        case .perform(let line): await perform(line)
        case .sendAsFile(let text): await sendAsFile(text)
        case .complete(let before):
            let completer = Completer(model: console.model, lister: lister)
            await carryOut(console.offer(completer.complete(before)))
        case .leave:
            showAtOnce()
            goOn()
            departure.ask()
        case .leaveAtOnce: leaveAtOnce()
        case .suspend: suspend()
        case .scrollAway: scrollAway()
        case .learn(let reply): learn(reply)
        }
    }

    private func perform(_ line: String) async {
        showAtOnce()
        let now = WallTime.now
        await take(await conversation.perform(line, console.model, at: now))
    }

    private func take(_ replies: [Reply]) async {
        let taken = console.take(replies, at: .now)
        pacer.print(taken.rows)
        await carryOut(taken.effect)
    }

    private func sendAsFile(_ text: String) async {
        guard let pastes else {
            return await take([.complaint("there is no folder to put the text into")])
        }
        let saved = pastes.save(text)
        switch saved {
        case .success(let path): await take(await conversation.offer(path, to: [], console.model))
        case .failure(let problem): await take([.complaint(problem.sentence)])
        }
    }

    private func leaveAtOnce() {
        // The terminal may take nothing more: nothing is waited for.
        TerminalSession.stop()
        endAtOnce()
    }

    private func suspend() {
        isGivenAway = true
        writer.write(screen.erase())
        writer.finish(within: Self.lastWait)
        TerminalSession.suspend(capabilities)
        isGivenAway = false
        resize()
    }

    private func resize() {
        let size = TerminalDevice.size()
        console.resize(to: size)
        screen.resize(to: size)
        let time = capabilities.resizing == .rewraps ? Self.wrapTime : Self.changeTime
        settling = .changing(until: .now.advanced(by: time))
    }

    /// The size is what it will be: asks where the cursor is, and draws when that is known. What was
    /// drawn for another size is erased whole first: rows that the terminal wrapped would else
    /// stay joined to what is written over them, and be wrapped with it the next time.
    private func settle() {
        if case .changing = settling, !screen.askCursor.isEmpty {
            writer.write(screen.askCursor)
            settling = .asked(until: .now.advanced(by: TerminalSession.answerLimit))
            return
        }
        settling = .no
        writer.write(screen.erase())
        pacer.invalidate()
        show()
    }

    private func learn(_ reply: TerminalReply) {
        if case .cursor(let row, let column) = reply {
            screen.learn(cursorRow: row, column: column)
            if case .asked = settling { settle() }
        } else {
            capabilities.learn(reply)
            adapt()
            showAtOnce()
        }
    }

    private func adapt() {
        screen.adapt(to: capabilities)
        console.measure(by: capabilities.width)
    }
}
