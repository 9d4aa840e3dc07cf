import NIOCore
import Synchronization

/// What the logs of all rooms take together, on whichever loop they live. When it is too much, the
/// rooms that take the most let their oldest go, so that no room can keep others from being heard.
final class StoreBudget: Sendable {
    /// The share of the whole that one request for place frees, so that looking for the largest
    /// rooms is rare.
    private static let freedShare = 32
    /// The share of the whole that may be taken beyond it until rooms on other loops have let go; as
    /// much again is there for rooms that have no more than their reserve.
    private static let slackShare = 16

    private let limit: Int
    /// What a room may always keep.
    let reserve: Int
    private let taken = Atomic<Int>(0)
    /// What the largest rooms had to come down to when the whole was last spent.
    private let lastLevel = Atomic<Int>(.max)
    /// Rooms on other loops that were asked to let go and have not yet.
    private let pending = Atomic<Int>(0)
    private let rooms = Mutex<[ObjectIdentifier: RoomShare]>([:])

    init(limits: ServerLimits) {
        limit = limits.bytesInAllRooms
        reserve = min(limits.reservedBytesPerRoom, limits.bytesInAllRooms / Self.slackShare)
    }

    /// Bytes that all logs take, about.
    var bytes: Int { taken.load(ordering: .relaxed) }

    /// A log begins. Called on its loop.
    func open(_ log: EmbeddedRoomLog, on loop: any EventLoop) -> RoomShare {
        let share = RoomShare(log, on: loop)
        rooms.withLock { $0[ObjectIdentifier(share)] = share }
        return share
    }

    func close(_ share: RoomShare) {
        set(share, to: 0)
        _ = rooms.withLock { $0.removeValue(forKey: ObjectIdentifier(share)) }
    }

    /// A log takes so much now.
    func set(_ share: RoomShare, to cost: Int) {
        let before = share.cost.exchange(cost, ordering: .relaxed)
        taken.add(cost - before, ordering: .relaxed)
    }

    /// Whether so much more is too much.
    func isSpent(by more: Int) -> Bool { bytes + more > limit }

    /// Whether so much more in this room has to wait until others have let go.
    func isBeyondSlack(by more: Int, in share: RoomShare) -> Bool {
        let slack = limit / Self.slackShare
        let isWithinReserve = share.cost.load(ordering: .relaxed) + more <= reserve
        return bytes + more > limit + (isWithinReserve ? 2 * slack : slack)
    }

    /// Whether this room is one of those that have to let go.
    func isLargest(_ share: RoomShare) -> Bool {
        let level = lastLevel.load(ordering: .relaxed)
        return level <= reserve || share.cost.load(ordering: .relaxed) >= level
    }

    /// The largest rooms let their oldest go: those on this loop now, others with their loop's next
    /// turn.
    func makeRoom(for more: Int) {
        guard pending.load(ordering: .relaxed) == 0 else { return }
        let shares = rooms.withLock { Array($0.values) }
        let excess = bytes + more - limit + limit / Self.freedShare
        let costs = shares.map { $0.cost.load(ordering: .relaxed) }
        let level = Self.level(of: costs, excess: excess, reserve: reserve)
        lastLevel.store(level, ordering: .relaxed)
        for (share, cost) in zip(shares, costs) where cost > level {
            if share.loop.inEventLoop {
                share.log.value.log?.letGo(downTo: level)
            } else {
                pending.add(1, ordering: .relaxed)
                share.loop.execute { [self] in
                    share.log.value.log?.letGo(downTo: level)
                    pending.subtract(1, ordering: .relaxed)
                }
            }
        }
    }

    /// The cost to which the largest come down when all together lose `excess`; not below `reserve`.
    static func level(of costs: [Int], excess: Int, reserve: Int) -> Int {
        let large = costs.filter { $0 > reserve }.sorted(by: >)
        var sum = 0
        for (index, cost) in large.enumerated() {
            sum += cost
            let count = index + 1
            let next = count < large.count ? large[count] : reserve
            // So many may all become as small as the next one, and give enough by that.
            if sum - count * next >= excess { return max(reserve, (sum - excess) / count) }
        }
        return reserve
    }
}

/// One room's part of what all logs take. Its log is reached on its loop only.
final class RoomShare: Sendable {
    let loop: any EventLoop
    let log: NIOLoopBound<WeakLog>
    let cost = Atomic<Int>(0)

    init(_ log: EmbeddedRoomLog, on loop: any EventLoop) {
        self.loop = loop
        self.log = NIOLoopBound(WeakLog(log), eventLoop: loop)
    }

    final class WeakLog {
        private(set) weak var log: EmbeddedRoomLog?

        init(_ log: EmbeddedRoomLog) { self.log = log }
    }
}
