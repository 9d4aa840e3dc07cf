import NIOCore

/// What one address has used of an event loop's time and not paid off yet.
///
/// Each turn pays off one share. Turns follow each other as fast as the loop goes round while somebody
/// waits for one, so that nobody is slowed down when nobody else wants the loop.
struct TurnDebt {
    private var used = TimeAmount.zero
    private var turn: UInt64 = 0
    /// It used a whole share and has not paid for all of it: what goes on with little time left makes
    /// small batches, which cost more.
    private var isPaying = false

    /// Adds what was used in a turn.
    mutating func charge(_ time: TimeAmount, turn: UInt64, share: TimeAmount) {
        payOff(until: turn, share: share)
        used = used + time
        if used >= share { isPaying = true }
    }

    /// What is left to be used in a turn; not above zero when the rest has to wait.
    mutating func rest(turn: UInt64, share: TimeAmount) -> TimeAmount {
        payOff(until: turn, share: share)
        return isPaying ? min(.zero, share - used) : share - used
    }

    private mutating func payOff(until now: UInt64, share: TimeAmount) {
        let turns = Int64(clamping: now &- turn)
        turn = now
        let (paid, isMore) = turns.multipliedReportingOverflow(by: share.nanoseconds)
        used = isMore ? .zero : max(.zero, used - .nanoseconds(paid))
        if used == .zero { isPaying = false }
    }
}

/// One address on one event loop, shared by its connections there.
final class AddressWork {
    let key: AddressKey
    fileprivate var connections = 0
    fileprivate var debt = TurnDebt()

    fileprivate init(key: AddressKey) { self.key = key }
}

/// Shares an event loop among the addresses whose connections live on it. A connection whose address
/// has used its share of a turn waits for one of the next, and reads nothing meanwhile.
final class LoopTurns {
    private let share: TimeAmount
    private var addresses: [AddressKey: AddressWork] = [:]
    private var turn: UInt64 = 0
    private var waiting: [Connection] = []

    init(share: TimeAmount) { self.share = share }

    /// Somebody waits for the next turn.
    var hasWaiting: Bool { !waiting.isEmpty }

    func enter(_ key: AddressKey) -> AddressWork {
        let work = addresses[key] ?? AddressWork(key: key)
        addresses[key] = work
        work.connections += 1
        return work
    }

    func leave(_ work: AddressWork) {
        work.connections -= 1
        forgetIfOver(work)
    }

    /// An address without connections is forgotten when it owes nothing: to drop a connection pays
    /// for nothing.
    private func forgetIfOver(_ work: AddressWork) {
        guard work.connections == 0, rest(for: work) == share else { return }
        addresses[work.key] = nil
    }

    func charge(_ time: TimeAmount, to work: AddressWork) {
        work.debt.charge(time, turn: turn, share: share)
    }

    func rest(for work: AddressWork) -> TimeAmount { work.debt.rest(turn: turn, share: share) }

    func wait(_ connection: Connection) { waiting.append(connection) }

    /// The next turn: those who waited go on, in their order, as far as their addresses' shares go.
    func next() {
        turn &+= 1
        let all = waiting
        waiting = []
        var others: [Connection] = []
        for connection in all {
            if let work = connection.work, rest(for: work) <= .zero {
                others.append(connection)
            } else {
                connection.takeTurn()
            }
        }
        // Who has gone on and is not done waits behind those who have not.
        waiting = others + waiting
    }

    /// Lets time pass, and forgets addresses that are gone and owe nothing.
    func sweep() {
        next()
        for work in addresses.values { forgetIfOver(work) }
    }
}
