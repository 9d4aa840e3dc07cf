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
    private var capabilities: Capabilities
    private var console: Console
    private var screen: InlineScreen
    private var pacer: FramePacer
    private var decoder = KeyDecoder()
    private let writer = ScreenWriter()
    private let frames = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var hasEnded = false
    /// The terminal is somebody else's for a while: nothing is drawn.
    private var isGivenAway = false

    /// How long a hint is shown, and Ctrl-C waits for another.
    private static let hintTime: Int32 = 2000
    private static let silence = Int32(KeyDecoder.silence / .milliseconds(1))

    /// Signals that this face answers itself.
    package static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP]

    /// - Parameters:
    ///   - room: the model to begin with.
    ///   - lister: the folders that files may be sent from.
    ///   - pastes: where a long paste becomes a file.
    ///   - capabilities: what is guessed of the terminal.
    package init(
        session: any RoomSession, room: RoomModel, lister: FolderLister, pastes: PasteFolder?,
        reader: InputReader, capabilities: Capabilities
    ) {
        self.session = session
        self.reader = reader
        self.lister = lister
        self.pastes = pastes
        self.capabilities = capabilities
        conversation = Conversation(session: session, lister: lister)
        let size = TerminalDevice.size()
        console = Console(model: room, size: size, width: capabilities.width)
        screen = InlineScreen(size: size, capabilities: capabilities)
        pacer = FramePacer(live: LiveRegion(rows: []))
    }

    /// Stays in the room until it is left; throws why it could not stay.
    package func run() async throws {
        TerminalSession.start(&capabilities, &decoder)
        defer { TerminalSession.stop() }
        if capabilities.marksPastes == true { decoder.guessesPastes = false }
        adapt()
        await draw()
        do {
            try await stayAndDraw()
        } catch {
            await finish()
            throw error
        }
        await finish()
    }

    private func stayAndDraw() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.drawFrames() }
            defer { frames.continuation.finish() }
            try await stay()
        }
    }

    /// The last rows, and the live region away.
    private func finish() async {
        let frame = pacer.takeWhatever(at: .now)
        var output = frame.lines.isEmpty ? "" : screen.update(printing: frame.lines, live: frame.live)
        output += screen.erase()
        _ = await writer.write(output)
    }

    var inputTimeout: Int32? {
        if decoder.isWaiting { return Self.silence }
        return console.hasHint ? Self.hintTime : nil
    }

    // MARK: What happens

    func handle(_ event: ClientEvent) async {
        let happened = console.apply(event, at: .now, instant: .now)
        if let notification = happened.notification {
            _ = await writer.write(notification.sequence(capabilities))
        }
        print(happened.rows)
        if happened.isDone { await carryOut(console.leaveNow()) }
        // A terminal that takes no more holds the room back only when very much waits.
        if pacer.isFull { await withCheckedContinuation { waiting.append($0) } }
    }

    func roomEnded() { hasEnded = true }

    func handle(_ input: InputPoller.Event) async -> Bool {
        switch input {
        case .bytes(let bytes): await press(decoder.feed(bytes))
        case .quiet:
            if decoder.isWaiting {
                await press(decoder.flush())
            } else {
                await carryOut(console.expire())
            }
        case .end: await carryOut(console.leaveNow())
        case .signal(let number): await handleSignal(number)
        case .woken: return false
        }
        return true
    }

    private func press(_ keys: [Key]) async {
        for key in keys { await carryOut(console.press(key)) }
    }

    private func handleSignal(_ number: Int32) async {
        switch number {
        case SIGWINCH: await resize()
        case SIGTSTP: await suspend()
        case SIGCONT:
            TerminalSession.resume(capabilities)
            await resize()
        default: await carryOut(console.leaveNow())
        }
    }

    // MARK: What is to be done

    private func carryOut(_ effect: Console.Effect) async {
        switch effect {
        case .none: break
        case .draw: await showAtOnce()
        case .perform(let line): await perform(line)
        case .sendAsFile(let text): await sendAsFile(text)
        case .complete(let before):
            let completer = Completer(model: console.model, lister: lister)
            await carryOut(console.offer(completer.complete(before)))
        case .leave:
            await showAtOnce()
            departure.ask()
        case .leaveAtOnce: leaveAtOnce()
        case .suspend: await suspend()
        case .scrollAway: await scrollAway()
        case .learn(let reply): await learn(reply)
        }
    }

    private func perform(_ line: String) async {
        await showAtOnce()
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
        exit(EXIT_FAILURE)
    }

    private func suspend() async {
        isGivenAway = true
        await waitUntilWritten()
        _ = await writer.write(screen.erase())
        TerminalSession.suspend(capabilities)
        isGivenAway = false
        await resize()
    }

    private func resize() async {
        let size = TerminalDevice.size()
        console.resize(to: size)
        screen.resize(to: size)
        pacer.invalidate()
        let question = screen.askCursor
        guard !question.isEmpty else { return show() }
        // The answer, or the next thing that is drawn, comes soon.
        await waitUntilWritten()
        _ = await writer.write(question)
        show()
    }

    private func learn(_ reply: TerminalReply) async {
        if case .cursor(let row, let column) = reply {
            screen.learn(cursorRow: row, column: column)
        } else {
            capabilities.learn(reply)
            adapt()
        }
        await showAtOnce()
    }

    private func adapt() {
        screen.adapt(to: capabilities)
        console.measure(by: capabilities.width)
    }

    // MARK: Drawing

    /// Prints with the next frame.
    private func print(_ rows: [StyledText]) {
        pacer.print(rows)
        show()
    }

    private func show() {
        pacer.show(console.live(maximumRows: screen.maximumRows))
        if pacer.deadline(at: .now) != nil { frames.continuation.yield() }
    }

    /// What a key did is seen at once.
    private func showAtOnce() async {
        pacer.show(console.live(maximumRows: screen.maximumRows))
        if pacer.deadline(at: .now) != nil { await draw() }
    }

    /// At most thirty frames a second, none while nothing changes.
    private func drawFrames() async {
        for await _ in frames.stream {
            if let deadline = pacer.deadline(at: .now) {
                // Cancellation is seen by the stream's end.
                try? await Task.sleep(until: deadline, clock: .continuous)
                await draw()
            }
        }
    }

    private func draw() async {
        guard !isGivenAway, pacer.deadline(at: .now) != nil else { return }
        let frame = pacer.takeWhatever(at: .now)
        let output = screen.update(printing: frame.lines, live: frame.live)
        await write(output)
    }

    private func scrollAway() async {
        await waitUntilWritten()
        let frame = pacer.takeWhatever(at: .now)
        var output = frame.lines.isEmpty ? "" : screen.update(printing: frame.lines, live: frame.live)
        output += screen.scrollAway(live: console.live(maximumRows: screen.maximumRows))
        await write(output)
    }

    /// A terminal that is gone ends the stay.
    private func write(_ output: String) async {
        let isThere = output.isEmpty ? true : await writer.write(output)
        pacer.written()
        for continuation in waiting { continuation.resume() }
        waiting = []
        if !isThere, !console.isLeaving, console.leaveNow() == .leave { departure.ask() }
        if pacer.deadline(at: .now) != nil { frames.continuation.yield() }
    }

    /// Lets a frame that is on its way get through, before something else is written.
    private func waitUntilWritten() async {
        while pacer.isBusy { await withCheckedContinuation { waiting.append($0) } }
    }
}

/// Writes to the terminal on a thread of its own: one that takes nothing for a while holds up
/// nobody else.
private actor ScreenWriter {
    private let executor = QueueExecutor(label: "chatbox.screen")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// False when nobody reads any more.
    func write(_ text: String) -> Bool { text.isEmpty || Output.write(text) }
}
