import NIOCore
import Wire

/// What waits for a client that reads slower than others write. Made when there is something to
/// wait, gone when there is not.
final class Outbox {
    /// Bytes that go to the network in one write: small frames of a replay go together, and a large
    /// one goes in pieces, since what is written is encrypted for this client alone. The largest
    /// message fits.
    static let writeSize = FrameLimits.maximumMessage + 1024
    /// What a buffer costs a slow reader besides its bytes: a flood of tiny frames is mostly this.
    private static let bufferCost = 128
    /// Bytes of one place in the queue, with spare ones.
    private static let placeCost = 64

    /// Whose the bytes of a buffer are.
    private enum Source {
        /// This client's alone.
        case own
        /// Of all who got the same in one turn; they are counted once.
        case shared(SharedFrames)
        /// An entry of a replay: the store counts it while it keeps it.
        case logged(UInt64)
    }

    private struct Item {
        var frames: ByteBuffer
        let source: Source
    }

    private var queue = CircularBuffer<Item>(initialCapacity: 4)
    /// What waits costs so many bytes, whoever shares them.
    private(set) var cost = 0
    /// How much of it is a replay, which the limit of one client does not count.
    private(set) var exempt = 0
    /// Bytes that are kept for this client alone.
    private(set) var held = 0
    /// Bytes that wait here and for others, too.
    private(set) var sharedBytes = 0
    /// When the network last took something.
    private(set) var lastProgress: NIODeadline
    /// A frame has been sent in part: nothing else can be said before the rest of it.
    private(set) var isMidFrame = false
    /// Where the log of the replay is.
    private var horizon: LogHorizon?
    /// How many of the first items are no entries that the log still keeps.
    private var firstLogged = 0

    init(now: NIODeadline) { lastProgress = now }

    var isEmpty: Bool { queue.isEmpty }

    func append(_ frames: ByteBuffer, sharedBy share: SharedFrames? = nil) {
        enqueue(Item(frames: frames, source: share.map(Source.shared) ?? .own))
    }

    /// Appends what the limit of one client does not count.
    func appendReplay(_ replay: Replay) {
        horizon = replay.horizon
        for frame in replay.frames {
            enqueue(Item(frames: frame.bytes, source: frame.sequence.map(Source.logged) ?? .own))
            exempt += Self.cost(frame.bytes)
        }
    }

    private func enqueue(_ item: Item) {
        queue.append(item)
        count(item, 1)
    }

    private static func cost(_ frames: ByteBuffer) -> Int { frames.readableBytes + bufferCost }

    private func count(_ item: Item, _ sign: Int) {
        cost += sign * Self.cost(item.frames)
        held += sign * Self.placeCost
        switch item.source {
        case .own: held += sign * (item.frames.storageCapacity + Self.bufferCost)
        case .shared: sharedBytes += sign * item.frames.readableBytes
        case .logged: break
        }
    }

    /// Counts entries of the replay that their log has let go of: they are kept for this client now.
    func countWhatLeftTheLog() {
        guard let gone = horizon?.goneThrough else { return }
        while firstLogged < queue.count {
            let index = queue.index(queue.startIndex, offsetBy: firstLogged)
            let item = queue[index]
            if case .logged(let sequence) = item.source {
                guard sequence <= gone else { return }
                count(item, -1)
                queue[index] = Item(frames: item.frames, source: .own)
                count(queue[index], 1)
            }
            firstLogged += 1
        }
    }

    /// What is to be written next, as much as makes one good write.
    func next(now: NIODeadline) -> ByteBuffer? {
        lastProgress = now
        if let first = queue.first, first.frames.readableBytes > Self.writeSize {
            return nextPiece(of: first)
        }
        guard var frames = pop() else { return nil }
        while let following = queue.first?.frames,
            frames.readableBytes + following.readableBytes <= Self.writeSize
        {
            _ = pop()
            frames.writeImmutableBuffer(following)
        }
        return frames
    }

    /// The beginning of a frame that is too large for one write.
    private func nextPiece(of item: Item) -> ByteBuffer? {
        var rest = item
        let piece = rest.frames.readSlice(length: Self.writeSize)
        count(item, -1)
        count(rest, 1)
        exempt = max(0, exempt - Self.writeSize)
        queue[queue.startIndex] = rest
        isMidFrame = true
        return piece
    }

    private func pop() -> ByteBuffer? {
        guard let item = queue.popFirst() else { return nil }
        count(item, -1)
        exempt = max(0, exempt - Self.cost(item.frames))
        firstLogged = max(0, firstLogged - 1)
        isMidFrame = false
        return item.frames
    }

    /// Everything, as one buffer; nil when it is more than `limit`, or nothing.
    func takeAll(limit: Int) -> ByteBuffer? {
        guard cost <= limit, var all = pop() else { return nil }
        while let following = pop() { all.writeImmutableBuffer(following) }
        return all
    }
}

/// What one turn sends to all of a room on one loop. Those who wait for it share it, and it is
/// counted once, for the first of them.
final class SharedFrames {
    /// What the buffer and this take besides the bytes.
    private static let overhead = 160

    let bytes: ByteBuffer
    private var account: QueueAccount?

    private var cost: Int { bytes.storageCapacity + Self.overhead }

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    /// Somebody waits for it.
    func hold(for account: QueueAccount) {
        guard self.account == nil else { return }
        self.account = account
        account.add(cost)
    }

    deinit { account?.add(-cost) }
}
