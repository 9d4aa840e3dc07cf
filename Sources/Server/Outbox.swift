import NIOCore

/// What waits for a client that reads slower than others write. Made when there is something to
/// wait, gone when there is not. The buffers are shared with whoever else gets them.
final class Outbox {
    /// Bytes that go to the network in one write: small frames of a replay go together.
    private static let writeSize = 64 << 10
    /// What a buffer costs besides its bytes: a flood of tiny frames is mostly this.
    private static let bufferCost = 128

    private var queue = CircularBuffer<ByteBuffer>(initialCapacity: 4)
    /// What waits costs so many bytes.
    private(set) var cost = 0
    /// How much of it is a replay, which the limit does not count.
    private(set) var exempt = 0
    /// When the network last took something.
    private(set) var lastProgress: NIODeadline

    init(now: NIODeadline) { lastProgress = now }

    var isEmpty: Bool { queue.isEmpty }

    func append(_ frames: ByteBuffer) {
        queue.append(frames)
        cost += Self.cost(frames)
    }

    /// Appends what the limit does not count.
    func appendReplay(_ frames: ByteBuffer) {
        append(frames)
        exempt += Self.cost(frames)
    }

    private static func cost(_ frames: ByteBuffer) -> Int { frames.readableBytes + bufferCost }

    /// What is to be written next: whole frames, as many as make one good write.
    func next(now: NIODeadline) -> ByteBuffer? {
        guard var frames = pop() else { return nil }
        lastProgress = now
        while let following = queue.first,
            frames.readableBytes + following.readableBytes <= Self.writeSize
        {
            _ = pop()
            frames.writeImmutableBuffer(following)
        }
        return frames
    }

    private func pop() -> ByteBuffer? {
        guard let frames = queue.popFirst() else { return nil }
        cost -= Self.cost(frames)
        exempt = max(0, exempt - Self.cost(frames))
        return frames
    }

    /// Everything, as one buffer; nil when it is more than `limit`, or nothing.
    func takeAll(limit: Int) -> ByteBuffer? {
        guard cost <= limit, var all = pop() else { return nil }
        while let following = pop() { all.writeImmutableBuffer(following) }
        return all
    }
}
