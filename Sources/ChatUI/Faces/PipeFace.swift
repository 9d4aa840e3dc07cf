import Client
package import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The face in a pipe, on a terminal that can do nothing, or for a reader of the screen: a line in
/// is said, what others say is a line out, and nothing is drawn twice.
///
/// What others say goes to standard output and nothing else does; notices go to standard error. At
/// the end of the input, what was said is sent and the room left.
package actor PipeFace: Face {
    private let executor = QueueExecutor(label: "chatbox.pipe")
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    let session: any RoomSession
    let reader: InputReader
    let departure = Departure()
    private let conversation: Conversation
    private let plain: PlainLines
    private let encoder: StyleEncoder
    private let write: @Sendable (String) -> Bool
    private var model: RoomModel
    private var splitter = LineSplitter()
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isEnding = false
    private var isLeaving = false

    /// Messages that may wait for their acknowledgement before more input is read.
    private static let maximumUnsent = 256

    package static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// - Parameters:
    ///   - room: the model to begin with.
    ///   - lister: the folders that files may be sent from.
    ///   - style: for programs or for ears.
    ///   - capabilities: of where it is written to; only the locale counts.
    ///   - write: writes what others say; false when that is not possible any more.
    package init(
        session: any RoomSession, room: RoomModel, lister: FolderLister, style: PlainLines.Style,
        reader: InputReader, capabilities: Capabilities,
        write: @escaping @Sendable (String) -> Bool
    ) {
        self.session = session
        self.reader = reader
        conversation = Conversation(session: session, lister: lister)
        plain = PlainLines(style)
        encoder = StyleEncoder(capabilities)
        self.write = write
        model = room
    }

    /// Stays in the room until the input ends or the room is left; throws why it could not stay.
    package func run() async throws { try await stay() }

    var inputTimeout: Int32? { nil }

    func handle(_ event: ClientEvent) async {
        tell(model.apply(event, at: .now))
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
        let text: String
        switch line {
        case .text(let line): text = line
        case .tooLong:
            return tell([.error("a line was too long to be said; use /send for files")])
        case .notText:
            return tell([.error("a line was not said, since it is not UTF-8; use /send for files")])
        }
        for reply in await conversation.perform(text, model, at: .now) { take(reply) }
        if model.unsent.count >= Self.maximumUnsent, !isLeaving {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func take(_ reply: Reply) {
        switch reply {
        case .show: tell([.error("nothing is shortened here")])
        case .notify: tell([.error("nothing rings here")])
        case .clear: tell([.error("there is no screen to clear here")])
        case .leave: leave()
        default: tell(model.take(reply, at: .now))
        }
    }

    private func tell(_ told: [Told]) {
        for one in told {
            if case .said = one {
                for line in plain.lines(of: one) where !write(encoder.encode(line) + "\n") {
                    leave()
                }
            } else {
                for line in plain.lines(of: one) {
                    Output.write(encoder.encode(line) + "\n", to: STDERR_FILENO)
                }
            }
        }
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
