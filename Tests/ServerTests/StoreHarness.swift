import NIOCore
import NIOPosix
import Transport
import Wire

@testable import Server

/// One room's log as a test sees it: calls that wait for their answer, and what the feed brought.
final class StoreHarness: Sendable {
    private let recorder: NIOLoopBound<Recorder>
    private var loop: any EventLoop { recorder.eventLoop }

    static func open(
        _ store: any RoomStore, room: RoomID = .test(1),
        on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws -> StoreHarness {
        let recorder = try await loop.submit {
            let recorder = Recorder()
            recorder.log = store.open(room, observer: recorder, on: loop)
            return NIOLoopBound(recorder, eventLoop: loop)
        }.get()
        return StoreHarness(recorder: recorder)
    }

    private init(recorder: NIOLoopBound<Recorder>) { self.recorder = recorder }

    func append(
        _ id: UInt128, _ text: String = "x", kind: EntryKind = .message, epoch: UInt64 = 0
    ) async throws -> AppendOutcome {
        let append = LogAppend(
            id: AppendID(number: id), sender: AttachmentID(7), kind: kind, epoch: epoch,
            payload: ByteBuffer(string: text))
        return try await loop.flatSubmit { [recorder] in recorder.value.append(append) }.get()
    }

    /// Appends the ids as texts; gives their numbers.
    func appendAll(_ ids: ClosedRange<Int>) async throws -> [UInt64] {
        var numbers: [UInt64] = []
        for id in ids {
            numbers.append(try await append(UInt128(id), "\(id)").sequence ?? 0)
        }
        return numbers
    }

    func read(after position: Position? = nil) async throws -> LogRead {
        try await loop.flatSubmit { [recorder] in recorder.value.read(position) }.get()
    }

    func sweep() async throws {
        try await loop.submit { [recorder] in recorder.value.log?.sweep() }.get()
    }

    func close() async throws {
        try await loop.submit { [recorder] in recorder.value.log?.close() }.get()
    }

    /// What the feed brought until now.
    func fed() async throws -> [Fed] {
        try await loop.submit { [recorder] in recorder.value.events.map(Fed.init) }.get()
    }

    /// An event of the feed, or an item of a read, in a form that can be compared.
    enum Fed: Equatable {
        case entry(UInt64, String)
        case gap(UInt64, UInt32?)
        case reset
        case degraded
        case restored

        init(_ event: FeedEvent) {
            switch event {
            case .entry(let entry): self = .entry(entry)
            case .gap(let through, let count): self = .gap(through, count)
            case .reset: self = .reset
            case .degraded: self = .degraded
            case .restored: self = .restored
            }
        }

        static func entry(_ entry: LogEntry) -> Fed {
            .entry(entry.sequence, entry.text)
        }
    }

    private final class Recorder: RoomLogObserver {
        var log: (any RoomLog)?
        var events: [FeedEvent] = []
        private var appends: [AppendTicket: EventLoopPromise<AppendOutcome>] = [:]
        private var reads: [ReadTicket: EventLoopPromise<LogRead>] = [:]
        private var lastTicket: UInt64 = 0
        private let loop = MultiThreadedEventLoopGroup.currentEventLoop

        private func connection() -> ConnectionID {
            lastTicket += 1
            return ConnectionID(loop: 0, number: lastTicket)
        }

        func append(_ append: LogAppend) -> EventLoopFuture<AppendOutcome> {
            guard let loop else { preconditionFailure("made on a loop") }
            let ticket = AppendTicket(
                id: append.id, attachment: append.sender, connection: connection())
            let promise = loop.makePromise(of: AppendOutcome.self)
            appends[ticket] = promise
            log?.append(append, ticket: ticket)
            return promise.futureResult
        }

        func read(_ position: Position?) -> EventLoopFuture<LogRead> {
            guard let loop else { preconditionFailure("made on a loop") }
            let ticket = ReadTicket(
                attachment: AttachmentID(7), connection: connection(), standing: .newcomer,
                token: ResumeToken(number: 1))
            let promise = loop.makePromise(of: LogRead.self)
            reads[ticket] = promise
            log?.read(after: position, ticket: ticket)
            return promise.futureResult
        }

        func appendEnded(_ outcome: AppendOutcome, ticket: AppendTicket) {
            appends.removeValue(forKey: ticket)?.succeed(outcome)
        }

        func readEnded(_ result: Result<LogRead, StoreFailure>, ticket: ReadTicket) {
            reads.removeValue(forKey: ticket)?.completeWith(result.mapError { $0 as any Error })
        }

        func feed(_ event: FeedEvent) { events.append(event) }
    }
}

extension LogRead {
    var fed: [StoreHarness.Fed] {
        items.map { item in
            switch item {
            case .entry(let entry): .entry(entry)
            case .gap(let through, let count): .gap(through, count)
            }
        }
    }
}

extension LogEntry {
    /// The payload, read back from the frame.
    var text: String {
        var body = frame
        body.moveReaderIndex(forwardBy: FrameLimits.headerSize)
        guard case .entry(let entry)? = try? body.decodeFrame(as: ServerFrame.self) else {
            return "not an entry"
        }
        return String(decoding: entry.payload, as: UTF8.self)
    }
}

extension AppendOutcome {
    var sequence: UInt64? {
        if case .appended(let sequence, _) = self { sequence } else { nil }
    }
}

extension RoomID {
    static func test(_ byte: UInt8) -> RoomID { RoomID(bytes: [UInt8](repeating: byte, count: 32)) }
}
