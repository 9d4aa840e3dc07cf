import NIOCore

/// One loop's watch over what is held for its connections: which of them hold something, which
/// budgets are spent, and who is cut off for that.
struct QueueWatch {
    private let loopCount: Int
    private var holders: [ConnectionID: Connection] = [:]
    /// Accounts that are spent, to be seen to at the end of this turn.
    private var overspent: [QueueAccount] = []
    private var reliefs: [QueueRelief] = []
    private var cutOffCount = 0

    init(loopCount: Int) { self.loopCount = loopCount }

    /// Something is held for a connection, or nothing any more.
    mutating func note(_ connection: Connection, holds: Bool) {
        holders[connection.id] = holds ? connection : nil
    }

    /// An account is spent. True when this loop is to see to it, with `beginReliefs`.
    mutating func isToRelieve(_ account: QueueAccount) -> Bool {
        guard account.beginRelief() else { return false }
        overspent.append(account)
        return true
    }

    /// Gives the accounts of which all loops are to name the largest holders.
    mutating func beginReliefs() -> [QueueAccount] {
        defer { overspent = [] }
        reliefs += overspent.map { QueueRelief($0, loops: loopCount) }
        return overspent
    }

    /// The connections of this loop that hold the most.
    func largest(of account: QueueAccount) -> [QueueWeight] {
        QueueRelief.largest(holders.values.compactMap { $0.weight(in: account) })
    }

    /// A loop has named its largest. Gives who is cut off, once all loops have.
    mutating func named(_ weights: [QueueWeight], of account: QueueAccount) -> [ConnectionID] {
        guard let index = reliefs.firstIndex(where: { $0.account === account }),
            let cut = reliefs[index].named(weights)
        else { return [] }
        reliefs.remove(at: index)
        account.endRelief()
        return cut
    }

    mutating func countCutOff() { cutOffCount += 1 }

    /// How many were cut off since the last time, to be told once for all of them.
    mutating func takeCutOffs() -> Int {
        defer { cutOffCount = 0 }
        return cutOffCount
    }
}
