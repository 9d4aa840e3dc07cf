package import NIOCore
package import Wire

/// Who waits for the other end of a splice. Tokens are good once, and per room: who does not have
/// the room's link can neither use nor spend its tokens.
package struct SpliceTable: Sendable {
    package struct Key: Hashable, Sendable {
        package var room: RoomID
        package var token: TransferToken

        package init(room: RoomID, token: TransferToken) {
            self.room = room
            self.token = token
        }
    }

    package enum Action: Equatable, Sendable {
        case wait
        /// The other end waits already: join the two.
        case join(ConnectionID)
        /// Used already, or asked for by a third.
        case tokenUsed
        /// Too many wait.
        case full
    }

    private struct Waiting {
        var connection: ConnectionID
        var deadline: NIODeadline
    }

    private let waitTime: TimeAmount
    private let usedTime: TimeAmount
    private let maximumWaiting: Int
    private let maximumUsed: Int
    private var waiting: [Key: Waiting] = [:]
    private var used: Set<Key> = []
    private var usedOrder = CircularBuffer<(key: Key, until: NIODeadline)>(initialCapacity: 0)

    package init(limits: ServerLimits) {
        waitTime = limits.spliceWait
        usedTime = limits.usedTokenTime
        maximumWaiting = limits.splicesWaiting
        maximumUsed = limits.usedTokens
    }

    /// A connection shows a token.
    package mutating func show(_ key: Key, by connection: ConnectionID, now: NIODeadline) -> Action
    {
        guard !used.contains(key) else { return .tokenUsed }
        if let first = waiting.removeValue(forKey: key) {
            spend(key, now: now)
            return .join(first.connection)
        }
        guard waiting.count < maximumWaiting else { return .full }
        waiting[key] = Waiting(connection: connection, deadline: now + waitTime)
        return .wait
    }

    /// A connection that waited is gone. Its token stays good.
    package mutating func lost(_ connection: ConnectionID, key: Key) {
        if waiting[key]?.connection == connection { waiting[key] = nil }
    }

    /// Lets time pass: gives the connections that waited too long.
    package mutating func sweep(now: NIODeadline) -> [ConnectionID] {
        while let oldest = usedOrder.first, oldest.until <= now {
            usedOrder.removeFirst()
            used.remove(oldest.key)
        }
        let late = waiting.filter { $0.value.deadline <= now }
        for key in late.keys { waiting[key] = nil }
        return late.values.map(\.connection)
    }

    private mutating func spend(_ key: Key, now: NIODeadline) {
        used.insert(key)
        usedOrder.append((key, now + usedTime))
        while usedOrder.count > maximumUsed, let oldest = usedOrder.popFirst() {
            used.remove(oldest.key)
        }
    }
}
