import NIOCore
import Synchronization

/// What the server holds for its connections: what waits to be sent to them, and what came from them
/// and is not whole. Each address has a budget, and all together have one. When one is spent, the
/// connections that hold the most are cut off first (`QueueRelief`).
final class QueueBudget: Sendable {
    let all: QueueAccount
    private let limitPerAddress: Int
    private let accounts = Mutex<[AddressKey: Entry]>([:])

    private struct Entry {
        let account: QueueAccount
        var connections: Int
    }

    init(limits: ServerLimits) {
        all = QueueAccount(limit: limits.heldBytes)
        limitPerAddress = limits.heldBytesPerAddress
    }

    /// The account of a connection that begins.
    func enter(_ address: AddressKey) -> QueueAccount {
        accounts.withLock { accounts in
            let account =
                accounts[address]?.account
                ?? QueueAccount(limit: limitPerAddress, of: address, in: all)
            let others = accounts[address]?.connections ?? 0
            accounts[address] = Entry(account: account, connections: others + 1)
            return account
        }
    }

    /// A connection of this account has ended.
    func leave(_ account: QueueAccount) {
        guard let address = account.address else { return }
        accounts.withLock { accounts in
            guard let entry = accounts[address] else { return }
            accounts[address]?.connections -= 1
            if entry.connections <= 1 { accounts[address] = nil }
        }
    }
}

/// What is held for one address, or for all.
final class QueueAccount: Sendable {
    /// The share of a limit that stays free after a relief, so that reliefs are rare.
    private static let freedShare = 16

    /// Nil for the account of all.
    let address: AddressKey?
    private let limit: Int
    /// The account of all, unless this is it.
    private let whole: QueueAccount?
    private let bytes = Atomic<Int>(0)
    private let isBeingRelieved = Atomic<Bool>(false)

    init(limit: Int, of address: AddressKey? = nil, in whole: QueueAccount? = nil) {
        self.limit = limit
        self.address = address
        self.whole = whole
    }

    /// Bytes held now.
    var held: Int { bytes.load(ordering: .relaxed) }

    func add(_ count: Int) {
        bytes.add(count, ordering: .relaxed)
        whole?.add(count)
    }

    /// This account when more is held than may be, or else that of all when it is so there.
    var overspent: QueueAccount? { held > limit ? self : whole?.overspent }

    /// Bytes that have to go.
    var excess: Int { held > limit ? held - limit + limit / Self.freedShare : 0 }

    /// Whether a connection of `account` counts here.
    func contains(_ account: QueueAccount) -> Bool { account === self || account.whole === self }

    /// True for the one who is to see to it; until `endRelief` nobody else is.
    func beginRelief() -> Bool { !isBeingRelieved.exchange(true, ordering: .relaxed) }

    func endRelief() { isBeingRelieved.store(false, ordering: .relaxed) }
}

/// What the budgets count for one connection.
struct QueueCharge {
    /// Nil before the address is known, and after the end.
    private var account: QueueAccount?
    private(set) var bytes = 0

    mutating func begin(_ budget: QueueBudget, address: AddressKey) {
        account = budget.enter(address)
    }

    mutating func end(_ budget: QueueBudget) {
        set(0)
        if let account { budget.leave(account) }
        account = nil
    }

    mutating func set(_ held: Int) {
        guard let account, held != bytes else { return }
        account.add(held - bytes)
        bytes = held
    }

    /// Frames that others get as well wait for this connection.
    func hold(_ frames: SharedFrames) {
        if let account { frames.hold(for: account) }
    }

    /// The account that is spent, if one is.
    var overspent: QueueAccount? { account?.overspent }

    func counts(in other: QueueAccount) -> Bool { account.map(other.contains) ?? false }
}

/// One connection and what it holds.
struct QueueWeight: Sendable {
    let connection: ConnectionID
    let bytes: Int
}

/// A loop's work on a budget that is spent: all loops name the connections that hold the most, and
/// the largest of all are cut off.
struct QueueRelief {
    /// Connections that one loop names at a time.
    static let namedPerLoop = 64

    let account: QueueAccount
    private var missing: Int
    private var weights: [QueueWeight] = []

    init(_ account: QueueAccount, loops: Int) {
        self.account = account
        missing = loops
    }

    /// The largest of many, the largest first.
    static func largest(_ weights: [QueueWeight]) -> [QueueWeight] {
        Array(weights.sorted { $0.bytes > $1.bytes }.prefix(namedPerLoop))
    }

    /// A loop has named its largest. Gives who is cut off, once all loops have.
    mutating func named(_ more: [QueueWeight]) -> [ConnectionID]? {
        weights += more
        missing -= 1
        guard missing == 0 else { return nil }
        var excess = account.excess
        var cut: [ConnectionID] = []
        for weight in weights.sorted(by: { $0.bytes > $1.bytes }) where excess > 0 {
            excess -= weight.bytes
            cut.append(weight.connection)
        }
        return cut
    }
}
