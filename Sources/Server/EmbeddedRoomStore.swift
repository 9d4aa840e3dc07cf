package import NIOCore
import Synchronization
package import Wire

/// Logs in the memory of this process: an acknowledged entry lives as long as the process, within
/// the limits. Everything is answered before the call returns.
package final class EmbeddedRoomStore: RoomStore {
    private let limits: ServerLimits
    private let now: @Sendable () -> NIODeadline
    let shared: EmbeddedStoreShared

    /// - Parameter now: the clock, for tests that move time by hand.
    package init(limits: ServerLimits, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.limits = limits
        self.now = now
        shared = EmbeddedStoreShared()
    }

    package func open(
        _ room: RoomID, observer: any RoomLogObserver, on loop: any EventLoop
    ) -> any RoomLog {
        EmbeddedRoomLog(limits: limits, shared: shared, now: now, observer: observer)
    }

    /// Bytes that the logs of all rooms take, about.
    package var bytes: Int { shared.bytes.load(ordering: .relaxed) }
}

/// What the logs of all rooms share, on whichever loop they live.
final class EmbeddedStoreShared: Sendable {
    /// The last sequence number given. One counter for all rooms: nobody can rely on numbers
    /// without holes.
    let lastSequence = Atomic<UInt64>(0)
    let bytes = Atomic<Int>(0)

    func nextSequence() -> UInt64 { lastSequence.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// The log of one room in memory.
final class EmbeddedRoomLog: RoomLog {
    private let limits: ServerLimits
    private let shared: EmbeddedStoreShared
    private let now: @Sendable () -> NIODeadline
    private weak var observer: (any RoomLogObserver)?
    private let log = LogID.random()
    private var epoch: UInt64 = 0
    private var lastSequence: UInt64 = 0
    private var window = LogWindow()
    private var ids = AppendMemory()
    /// What `shared.bytes` holds of this room.
    private var accounted = 0

    init(
        limits: ServerLimits, shared: EmbeddedStoreShared,
        now: @escaping @Sendable () -> NIODeadline, observer: any RoomLogObserver
    ) {
        self.limits = limits
        self.shared = shared
        self.now = now
        self.observer = observer
        lastSequence = shared.lastSequence.load(ordering: .relaxed)
    }

    deinit { close() }

    func append(_ append: LogAppend, ticket: AppendTicket) {
        let time = now()
        if let sequence = ids.sequence(of: append.id, now: time, lifetime: limits.appendIDTime) {
            observer?.appendEnded(.appended(sequence: sequence, duplicate: true), ticket: ticket)
        } else if append.kind == .commit && append.epoch != epoch {
            observer?.appendEnded(.conflict(epoch: epoch), ticket: ticket)
        } else if let reason = makeRoom(for: append, now: time) {
            observer?.appendEnded(.refused(reason), ticket: ticket)
        } else {
            let entry = add(append, now: time)
            observer?.appendEnded(
                .appended(sequence: entry.sequence, duplicate: false), ticket: ticket)
            observer?.feed(.entry(entry))
        }
    }

    private func add(_ append: LogAppend, now time: NIODeadline) -> LogEntry {
        lastSequence = shared.nextSequence()
        let entry = LogEntry(sequence: lastSequence, append: append)
        window.append(entry, now: time, numbersKept: limits.evictedNumbersPerRoom)
        if append.kind == .commit { epoch += 1 }
        ids.remember(
            append.id, sequence: entry.sequence, now: time, lifetime: limits.appendIDTime,
            limit: limits.appendIDsPerRoom)
        account()
        return entry
    }

    private func account() {
        let cost = window.cost + ids.cost
        shared.bytes.add(cost - accounted, ordering: .relaxed)
        accounted = cost
    }

    /// Lets old entries go, and ids when that is not enough, until this one fits; says why when it cannot.
    private func makeRoom(for append: LogAppend, now time: NIODeadline) -> RefusalReason? {
        let size = append.payload.readableBytes
        guard size <= append.kind.maximumSize, size < limits.bytesPerRoom else { return .tooLarge }
        evictAged(now: time)
        while window.count >= limits.entriesPerRoom || window.bytes + size > limits.bytesPerRoom {
            guard evictOldest() else { break }
        }
        while shared.bytes.load(ordering: .relaxed) + size > limits.bytesInAllRooms {
            guard evictOldest() || ids.forgetOldest() else { return .full }
            account()
        }
        return nil
    }

    private func evictAged(now time: NIODeadline) {
        while let oldest = window.oldestTime, time - oldest > limits.entryAge {
            guard evictOldest() else { break }
        }
    }

    private func evictOldest() -> Bool {
        window.evictOldest(numbersKept: limits.evictedNumbersPerRoom)
    }

    func read(after position: Position?, ticket: ReadTicket) {
        guard let position, position.log == log, position.sequence <= lastSequence else {
            let end = Position(log: log, sequence: lastSequence)
            observer?.readEnded(.success(LogRead(start: end, epoch: epoch)), ticket: ticket)
            return
        }
        evictAged(now: now())
        let read = LogRead(
            start: position, epoch: epoch, items: window.items(after: position.sequence))
        observer?.readEnded(.success(read), ticket: ticket)
    }

    func sweep() {
        let time = now()
        evictAged(now: time)
        ids.forget(now: time, lifetime: limits.appendIDTime)
        account()
    }

    func close() {
        observer = nil
        window = LogWindow()
        ids = AppendMemory()
        account()
    }
}
