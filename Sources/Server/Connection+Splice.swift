import NIOCore
import Wire

/// One end of a splice: who the other is, and what is under way to it.
final class SpliceEnd {
    let peer: ConnectionID
    /// The other end takes bytes; until it does, what is read is kept.
    var isOpen = false
    /// The client said all it had to say.
    var hasEnded = false
    /// Bytes given to the other end that it has not got rid of yet.
    var underWay = 0
    /// Bytes from the other end that this one's network has not taken yet.
    var owed = 0

    init(peer: ConnectionID) { self.peer = peer }
}

/// A transfer connection. The two ends pass each other bytes and say how many they got rid of; an end
/// whose bytes are not taken reads no more, so that a slow receiver slows its sender down.
extension Connection {
    /// Bytes of one read while bytes are only passed on: four of the largest TLS records.
    private static let readBytes = 64 << 10

    func splice(_ event: SpliceEvent) {
        switch event {
        case .joined(let peer): join(peer)
        case .ready:
            isPeerReady = true
            open()
        case .bytes(let bytes): write(bytes)
        case .taken(let count): peerTook(count)
        case .ended:
            context?.close(mode: .output, promise: nil)
        case .lost: close()
        case .refused(let reason): goodbye(reason)
        }
    }

    private func join(_ peer: ConnectionID) {
        guard case .waiting = state.phase, let context else {
            return loop.tellSplice(peer, .lost)
        }
        deliver(FrameEncoder.frame(.spliced))
        state.spliced()
        splice = SpliceEnd(peer: peer)
        touch(loop.shared.limits.spliceIdle)
        // An option that cannot be set leaves the default: slower, and no half-close.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        try? context.channel.syncOptions?.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes))
        loop.tellSplice(peer, .ready)
        open()
    }

    /// Both ends are there and know it: gives on what was said early.
    private func open() {
        guard let splice, isPeerReady, !splice.isOpen else { return }
        splice.isOpen = true
        if let early = takeRest() { pass(early) }
        charge()
        release(.early)
        if splice.hasEnded { loop.tellSplice(splice.peer, .ended) }
    }

    /// Gives what was read to the other end, and reads no more when the address of this one has used
    /// its share of the loop.
    func passInTurn(_ bytes: ByteBuffer) {
        guard let work else { return pass(bytes) }
        let start = NIODeadline.now()
        pass(bytes)
        loop.charge(.now() - start, to: work)
        if loop.rest(for: work) <= .zero { waitForTurn() }
    }

    private func pass(_ bytes: ByteBuffer) {
        guard let splice else { return }
        touch(loop.shared.limits.spliceIdle)
        splice.underWay += bytes.readableBytes
        if splice.underWay > loop.shared.limits.spliceWindow { hold(.splice) }
        loop.tellSplice(splice.peer, .bytes(bytes))
    }

    private func write(_ bytes: ByteBuffer) {
        guard let splice, let context else { return }
        touch(loop.shared.limits.spliceIdle)
        splice.owed += bytes.readableBytes
        charge()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if context.channel.isWritable { passedToNetwork() }
    }

    /// The network takes more: what was owed is taken.
    func passedToNetwork() {
        guard let splice, splice.owed > 0 else { return }
        let taken = splice.owed
        splice.owed = 0
        charge()
        touch(loop.shared.limits.spliceIdle)
        loop.tellSplice(splice.peer, .taken(taken))
    }

    private func peerTook(_ count: Int) {
        guard let splice else { return }
        splice.underWay -= count
        touch(loop.shared.limits.spliceIdle)
        if splice.underWay <= loop.shared.limits.spliceWindow / 2 { release(.splice) }
    }

    /// The client said all it had to say.
    func inputEnded() {
        guard let splice else { return close() }
        splice.hasEnded = true
        if splice.isOpen { loop.tellSplice(splice.peer, .ended) }
    }
}
