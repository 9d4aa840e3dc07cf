package import NIOCore
package import Wire

/// Logs in the memory of this process: an acknowledged entry lives as long as the process, within
/// the limits. Everything is answered before the call returns.
package final class EmbeddedRoomStore: RoomStore {
    private let limits: ServerLimits
    private let now: @Sendable () -> NIODeadline
    private let budget: StoreBudget

    /// - Parameter now: the clock, for tests that move time by hand.
    package init(limits: ServerLimits, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.limits = limits
        self.now = now
        budget = StoreBudget(limits: limits)
    }

    package func open(
        _ room: RoomID, observer: any RoomLogObserver, on loop: any EventLoop
    ) -> any RoomLog {
        EmbeddedRoomLog(limits: limits, budget: budget, now: now, observer: observer, on: loop)
    }

    /// Bytes that the logs of all rooms take, about.
    package var bytes: Int { budget.bytes }
}

/// The log of one room in memory.
final class EmbeddedRoomLog: RoomLog {
    /// What a room takes in which nothing was said, with whom it knows (measured).
    private static let roomCost = 2500

    private let limits: ServerLimits
    private let budget: StoreBudget
    private let now: @Sendable () -> NIODeadline
    private weak var observer: (any RoomLogObserver)?
    private let log = LogID.random()
    private var epoch: UInt64 = 0
    private var numbers = SequenceNumbers()
    private var window = LogWindow()
    private var ids = AppendMemory()
    private let horizon = LogHorizon()
    /// What the budget knows of this room; nil once it is closed.
    private var share: RoomShare?

    init(
        limits: ServerLimits, budget: StoreBudget, now: @escaping @Sendable () -> NIODeadline,
        observer: any RoomLogObserver, on loop: any EventLoop
    ) {
        self.limits = limits
        self.budget = budget
        self.now = now
        self.observer = observer
        share = budget.open(self, on: loop)
        account()
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
        let entry = LogEntry(sequence: numbers.next(), append: append)
        window.append(entry, now: time, numbersKept: limits.evictedNumbersPerRoom)
        if append.kind == .commit { epoch += 1 }
        ids.remember(
            append.id, sequence: entry.sequence, now: time, lifetime: limits.appendIDTime,
            limit: limits.appendIDsPerRoom)
        account()
        return entry
    }

    private func account() {
        if let share { budget.set(share, to: Self.roomCost + window.cost + ids.cost) }
        horizon.goneThrough = window.goneThrough
    }

    /// Lets old entries go until this one fits, here and in the rooms that take the most; says why
    /// when it cannot.
    private func makeRoom(for append: LogAppend, now time: NIODeadline) -> RefusalReason? {
        let size = append.payload.readableBytes
        guard size <= append.kind.maximumSize, size < limits.bytesPerRoom else { return .tooLarge }
        evictAged(now: time)
        while window.count >= limits.entriesPerRoom || window.bytes + size > limits.bytesPerRoom {
            guard evictOldest() else { break }
        }
        let cost = LogWindow.cost(ofPayload: size) + AppendMemory.idCost
        guard let share, budget.isSpent(by: cost) else { return nil }
        account()
        budget.makeRoom(for: cost)
        while budget.isBeyondSlack(by: cost, in: share) {
            guard budget.isLargest(share), letOldestGo() else { return .full }
            account()
        }
        return nil
    }

    /// The whole is spent, and this room is one of those that take the most of it.
    func letGo(downTo level: Int) {
        while Self.roomCost + window.cost + ids.cost > level, letOldestGo() {}
        compact()
        account()
    }

    /// Lets the oldest go of what takes the most.
    private func letOldestGo() -> Bool {
        if ids.cost > window.cost { return ids.forgetOldest() }
        return window.forgetOldest(numbersKept: limits.evictedNumbersPerRoom) || ids.forgetOldest()
    }

    private func compact() {
        window.compact()
        ids.compact()
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
        guard let position, position.log == log, position.sequence <= numbers.last else {
            let end = Position(log: log, sequence: numbers.last)
            observer?.readEnded(.success(LogRead(start: end, epoch: epoch)), ticket: ticket)
            return
        }
        evictAged(now: now())
        let read = LogRead(
            start: position, epoch: epoch, items: window.items(after: position.sequence),
            horizon: horizon)
        observer?.readEnded(.success(read), ticket: ticket)
    }

    func sweep() {
        let time = now()
        evictAged(now: time)
        ids.forget(now: time, lifetime: limits.appendIDTime)
        compact()
        account()
    }

    func close() {
        observer = nil
        window = LogWindow()
        ids = AppendMemory()
        if let share { budget.close(share) }
        share = nil
        horizon.goneThrough = .max
    }
}
