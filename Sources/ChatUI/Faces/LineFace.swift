import Client
import Foundation
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The face on a terminal: what happens is printed line by line, and the line being typed stays
/// below it.
package actor LineFace: Face {
    private let executor = QueueExecutor(label: "chatbox.terminal")
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    let session: any RoomSession
    let reader: InputReader
    let departure = Departure()
    private let conversation: Conversation
    private var model: RoomModel
    private var screen: LineScreen
    private var editor = LineEditor()
    private var decoder = KeyDecoder()
    private var capabilities = Capabilities(
        environment: ProcessInfo.processInfo.environment, isTerminal: true)
    /// A notice that the next key takes away.
    private var hint: SafeText?
    private var isLeaving = false
    private var wasWarned = false

    /// Silence after which an Escape was meant as such.
    private static let escapeSilence: Int32 = 25
    private static let prompt: SafeText = "> "

    /// Signals that this face answers itself.
    package static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP]

    package init(
        session: any RoomSession, invitation: String, folder: String?, reader: InputReader,
        reflows: Bool
    ) {
        self.session = session
        self.reader = reader
        conversation = Conversation(session: session, invitation: invitation)
        model = RoomModel(folder: folder, drawsProgress: true)
        screen = LineScreen(columns: TerminalDevice.columns(), reflows: reflows)
    }

    /// Stays in the room until it is left; throws why it could not stay.
    package func run() async throws {
        TerminalSession.start(&capabilities, &decoder)
        defer { TerminalSession.stop() }
        show([])
        do {
            try await stay()
        } catch {
            Output.write(screen.erase())
            throw error
        }
        Output.write(screen.erase())
    }

    var inputTimeout: Int32? { decoder.isWaiting ? Self.escapeSilence : nil }

    func handle(_ event: ClientEvent) async { show(model.apply(event)) }

    func roomEnded() { isLeaving = true }

    func handle(_ input: InputPoller.Event) async -> Bool {
        switch input {
        case .bytes(let bytes): for key in decoder.feed(bytes) { await handle(key) }
        case .quiet: for key in decoder.flush() { await handle(key) }
        case .end: leave()
        case .signal(let number): handleSignal(number)
        case .woken: return false
        }
        return true
    }

    private func handleSignal(_ number: Int32) {
        switch number {
        case SIGWINCH:
            screen.resize(columns: TerminalDevice.columns())
            show([])
        case SIGTSTP: suspend()
        case SIGCONT:
            TerminalSession.resume(capabilities)
            show([])
        default: leave()
        }
    }

    private func handle(_ key: Key) async {
        hint = nil
        switch editor.handle(key) {
        case .unchanged, .complete, .openEditor, .wantsToScroll: break
        case .edited, .redraw: show([])
        case .entered(let line): await enter(line)
        case .leave: leaveUnlessTransferring()
        case .wantsToLeave:
            hint = "-- Ctrl-C again leaves the room"
            show([])
        case .suspend: suspend()
        }
    }

    private func enter(_ line: String) async {
        // What is pasted ends with the end of its last line, which nobody means to say.
        var line = line
        while line.utf8.last == 0x0A { line.unicodeScalars.removeLast() }
        let reply = await conversation.perform(line, model)
        if let lines = model.take(reply) { show(lines) } else { leaveUnlessTransferring() }
    }

    /// Leaves; when a file is under way only at the second time.
    private func leaveUnlessTransferring() {
        if model.isTransferring, !wasWarned {
            wasWarned = true
            show(["-- a file is still on its way; leave again to break it off"])
        } else {
            leave()
        }
    }

    /// Leaves in good order; asked a second time, at once.
    private func leave() {
        if isLeaving {
            Output.write(screen.erase())
            TerminalSession.stop()
            exit(EXIT_FAILURE)
        }
        isLeaving = true
        hint = "-- leaving"
        show([])
        departure.ask()
    }

    private func suspend() {
        Output.write(screen.erase())
        TerminalSession.suspend(capabilities)
        screen.resize(columns: TerminalDevice.columns())
        show([])
    }

    /// Prints lines and draws what is below them. A terminal that is gone ends the stay.
    private func show(_ lines: [SafeText]) {
        let live = model.live + (hint.map { [$0] } ?? [])
        let input = LineScreen.Input(
            prompt: Self.prompt, before: editor.before, after: editor.after)
        if !Output.write(screen.print(lines, live: live, input: input)), !isLeaving { leave() }
    }
}
