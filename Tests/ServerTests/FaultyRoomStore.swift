import NIOCore
import Synchronization
import Wire

@testable import Server

/// A store with another one inside that fails when it is told to.
final class FaultyRoomStore: RoomStore {
    enum Fault: Sendable {
        /// The next append is not made, and that is certain.
        case unavailable
        /// It cannot be known whether the next append was made; it was.
        case unknownButAppended
        /// It cannot be known whether the next append was made; it was not.
        case unknownAndLost
        /// The next append is answered after the feed brought its entry.
        case lateAnswer
        /// The next read fails.
        case unreadable
        /// Events of the feed, before the next append.
        case degraded, restored, reset
    }

    private let inner: any RoomStore
    private let faults = Mutex<[Fault]>([])

    init(_ inner: any RoomStore) { self.inner = inner }

    var bytes: Int { inner.bytes }

    /// The next call meets this fault.
    func inject(_ fault: Fault) { faults.withLock { $0.append(fault) } }

    fileprivate func nextFault() -> Fault? {
        faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    func open(
        _ room: RoomID, observer: any RoomLogObserver, on loop: any EventLoop
    ) -> any RoomLog {
        let log = FaultyRoomLog(store: self, observer: observer, loop: loop)
        log.inner = inner.open(room, observer: log, on: loop)
        return log
    }
}

private final class FaultyRoomLog: RoomLog, RoomLogObserver {
    var inner: (any RoomLog)?
    private let store: FaultyRoomStore
    private weak var observer: (any RoomLogObserver)?
    private let loop: any EventLoop
    private var swallowsAnswer: Set<AppendTicket> = []
    private var delaysAnswer: Set<AppendTicket> = []

    init(store: FaultyRoomStore, observer: any RoomLogObserver, loop: any EventLoop) {
        self.store = store
        self.observer = observer
        self.loop = loop
    }

    func append(_ append: LogAppend, ticket: AppendTicket) {
        switch store.nextFault() {
        case .unavailable: return answer(.failed(.unavailable), ticket)
        case .unknownAndLost: return answer(.failed(.outcomeUnknown), ticket)
        case .unknownButAppended:
            swallowsAnswer.insert(ticket)
            inner?.append(append, ticket: ticket)
            return answer(.failed(.outcomeUnknown), ticket)
        case .lateAnswer: delaysAnswer.insert(ticket)
        case .degraded: observer?.feed(.degraded)
        case .restored: observer?.feed(.restored)
        case .reset: observer?.feed(.reset(Position(log: .random(), sequence: 0)))
        case .unreadable, nil: break
        }
        inner?.append(append, ticket: ticket)
    }

    private func answer(_ outcome: AppendOutcome, _ ticket: AppendTicket) {
        observer?.appendEnded(outcome, ticket: ticket)
    }

    func read(after position: Position?, ticket: ReadTicket) {
        if case .unreadable? = store.nextFault() {
            observer?.readEnded(.failure(.unavailable), ticket: ticket)
        } else {
            inner?.read(after: position, ticket: ticket)
        }
    }

    func sweep() { inner?.sweep() }
    func close() { inner?.close() }

    func appendEnded(_ outcome: AppendOutcome, ticket: AppendTicket) {
        if swallowsAnswer.remove(ticket) != nil { return }
        guard delaysAnswer.remove(ticket) != nil else { return answer(outcome, ticket) }
        loop.assumeIsolated().execute { self.answer(outcome, ticket) }
    }

    func readEnded(_ result: Result<LogRead, StoreFailure>, ticket: ReadTicket) {
        observer?.readEnded(result, ticket: ticket)
    }

    func feed(_ event: FeedEvent) { observer?.feed(event) }
}
