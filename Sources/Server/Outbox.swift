import NIOCore

/// What waits for a client that reads slower than others write. Made when there is something to
/// wait, gone when there is not. The buffers are shared with whoever else gets them.
final class Outbox {
    /// Bytes that go to the network in one write: small frames of a replay go together.
    private static let writeSize = 64 << 10

    private var queue = CircularBuffer<ByteBuffer>(initialCapacity: 4)
    /// Bytes that wait.
    private(set) var bytes = 0
    /// How many of them are a replay, which the limit does not count.
    var exempt = 0

    var isEmpty: Bool { queue.isEmpty }

    func append(_ frames: ByteBuffer) {
        queue.append(frames)
        bytes += frames.readableBytes
    }

    /// What is to be written next: whole frames, as many as make one good write.
    func next() -> ByteBuffer? {
        guard var frames = queue.popFirst() else { return nil }
        while let following = queue.first,
            frames.readableBytes + following.readableBytes <= Self.writeSize
        {
            queue.removeFirst()
            frames.writeImmutableBuffer(following)
        }
        bytes -= frames.readableBytes
        exempt = max(0, exempt - frames.readableBytes)
        return frames
    }

    /// Everything, as one buffer.
    func takeAll() -> ByteBuffer? {
        guard var all = queue.popFirst() else { return nil }
        while let following = queue.popFirst() { all.writeImmutableBuffer(following) }
        bytes = 0
        exempt = 0
        return all
    }
}
