import Client
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The face in a pipe, on a terminal that can do nothing, or for a reader of the screen: a line in
/// is said, what others say is a line out, and nothing else is written to the output.
///
/// Notices go to standard error. At the end of the input, what was said is sent and the room left.
package actor PipeFace: Face {
    private let executor = QueueExecutor(label: "chatbox.pipe")
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    let session: any RoomSession
    let reader: InputReader
    let departure = Departure()
    private let conversation: Conversation
    private var model: RoomModel
    private var splitter = LineSplitter()
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isEnding = false
    private var isLeaving = false

    /// Messages that may wait for their acknowledgement before more input is read.
    private static let maximumUnsent = 256

    package static let signals = [SIGINT, SIGTERM, SIGHUP]

    package init(
        session: any RoomSession, invitation: String, folder: String?, reader: InputReader
    ) {
        self.session = session
        self.reader = reader
        conversation = Conversation(session: session, invitation: invitation)
        model = RoomModel(folder: folder, drawsProgress: false)
    }

    /// Stays in the room until the input ends or the room is left; throws why it could not stay.
    package func run() async throws { try await stay() }

    var inputTimeout: Int32? { nil }

    func handle(_ event: ClientEvent) async {
        let lines = model.apply(event)
        if case .message = event {
            for line in lines where !Output.line(line) { leave() }
        } else {
            notify(lines)
        }
        if model.unsent.count < Self.maximumUnsent { goOn() }
        leaveIfDone()
    }

    func handle(_ input: InputPoller.Event) async -> Bool {
        switch input {
        case .bytes(let bytes): for line in splitter.feed(bytes) { await take(line) }
        case .end:
            for line in splitter.finish() { await take(line) }
            isEnding = true
            leaveIfDone()
        case .signal: leave()
        case .quiet: break
        case .woken: return false
        }
        return true
    }

    private func take(_ line: LineSplitter.Line) async {
        guard !isLeaving else { return }
        guard case .text(let text) = line else {
            return notify(["-- a line was too long to be said; use /send for files"])
        }
        let reply = await conversation.perform(text, model)
        guard let lines = model.take(reply) else { return leave() }
        notify(lines)
        if model.unsent.count >= Self.maximumUnsent, !isLeaving {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func notify(_ lines: [SafeText]) {
        for line in lines { Output.line(line, to: STDERR_FILENO) }
    }

    private func leaveIfDone() {
        if isEnding, model.unsent.isEmpty, !model.isTransferring { leave() }
    }

    func roomEnded() {
        isLeaving = true
        goOn()
    }

    /// Lets more input be read.
    private func goOn() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        goOn()
        departure.ask()
    }
}
