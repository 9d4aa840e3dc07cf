import Logging
import NIOCore
import NIOSSL
import NIOTLS
import TLSSyntax
import Transport
import Wire

/// One client's connection, on its event loop: cuts frames, carries out what `ConnectionState`
/// decides, and holds what the network does not take yet.
///
/// There are many of these: what an idle connection does not need is made when it is needed.
final class Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: LoopState
    let id: ConnectionID
    private(set) var context: ChannelHandlerContext?
    var state = ConnectionState()
    /// When this is over unless something happens, give or take a sweep.
    private(set) var deadline: NIODeadline
    private var parser = FrameParser(limit: FrameLimits.maximumBodyBeforeAttach)
    private var throttle: FrameThrottle?
    private(set) var outbox: Outbox?
    /// What the budgets count for this connection.
    private(set) var charged = QueueCharge()
    /// Bytes that were encrypted and the network has not taken.
    private var unsent = 0
    private var holds: ReadHolds = []
    private var isReadPending = false
    /// What its address uses of the loop.
    private(set) var work: AddressWork?
    /// Pings and the like among the frames that are being read.
    private var signsOfLife = 0

    /// Where in its `LocalRoom` this is, or -1.
    var memberIndex = -1
    /// The `LocalRoom`'s patches for this connection.
    var firstPatch = LocalRoom.noPatch
    var lastPatch = LocalRoom.noPatch
    var splice: SpliceEnd?
    /// The other end of the splice takes bytes, which may be known before who it is.
    var isPeerReady = false

    var limits: ServerLimits { loop.shared.limits }

    init(loop: LoopState) {
        self.loop = loop
        id = loop.nextConnectionID()
        deadline = loop.now + loop.shared.limits.handshakeTime
    }

    func takePatches() -> Int32 {
        defer {
            firstPatch = LocalRoom.noPatch
            lastPatch = LocalRoom.noPatch
        }
        return firstPatch
    }

    // MARK: What the network does

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let address = AddressKey(context.remoteAddress)
        charged.begin(loop.shared.queues, address: address)
        work = loop.enterTurns(address)
        loop.register(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
            guard negotiated == FrameLimits.applicationProtocol, !loop.isStopping else {
                return close()
            }
            state.secured()
            if let work { loop.charge(Self.handshakeWork, to: work) }
            deadline = loop.now + limits.helloTime
        } else if event as? ChannelEvent == .inputClosed {
            inputEnded()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let splice, splice.isOpen { return passInTurn(buffer) }
        guard state.phase != .closed else { return }
        guard state.mayTake(buffer.readableBytes, limit: limits.bytesBeforeAttach) else {
            return goodbye(.protocolError)
        }
        parser.append(buffer)
        readFrames()
    }

    func read(context: ChannelHandlerContext) {
        if holds.isEmpty { context.read() } else { isReadPending = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            unsent = 0
            drainOutbox()
            passedToNetwork()
        } else {
            let option = ChannelOptions.bufferedWritableBytes
            unsent = (try? context.channel.syncOptions?.getOption(option)) ?? 0
        }
        charge()
        context.fireChannelWritabilityChanged()
    }

    func hold(_ reason: ReadHolds) { holds.insert(reason) }

    func release(_ reason: ReadHolds) {
        holds.remove(reason)
        readOn()
    }

    private func readOn() {
        guard holds.isEmpty, isReadPending else { return }
        isReadPending = false
        context?.read()
    }

    func touch(_ time: TimeAmount) { deadline = loop.now + time }

    // MARK: Frames

    /// Takes the frames that are whole, as long as frames are expected and it is this one's turn.
    func readFrames() {
        // What had come already when too much had: it waits, as what is still to come does.
        guard holds.isDisjoint(with: [.throttled, .turn]) else { return charge() }
        let start = NIODeadline.now()
        let end = start + (work.map { loop.rest(for: $0) } ?? .hours(1))
        guard end > start else { return waitForTurn() }
        var now = start
        var count = 0
        var bytes = 0
        do {
            while now < end, state.isReadingFrames, let body = try parser.next() {
                count += 1
                bytes += body.readableBytes
                if let room = state.room, let append = FrameEncoder.readAppend(body) {
                    self.append(append, to: room)
                } else {
                    perform(state.receive(try body.decodeFrame(as: ClientFrame.self)))
                }
                if count.isMultiple(of: Self.framesPerLook) { now = .now() }
            }
        } catch {
            return goodbye(.protocolError)
        }
        if count > 0 { framesRead(count, bytes: bytes, since: start, mayBeMore: now >= end) }
        if state.isTransfer { holdEarlyBytes() }
        charge()
    }

    private func framesRead(_ count: Int, bytes: Int, since start: NIODeadline, mayBeMore: Bool) {
        let now = NIODeadline.now()
        if let work { loop.charge(now - start, to: work) }
        if memberIndex >= 0 {
            // Bytes alone are no word: a frame that never ends would be kept for ever.
            touch(limits.silence)
            slowDown(frames: count, bytes: bytes, now: now)
        }
        if mayBeMore { waitForTurn() }
    }

    /// Frames between two looks at the clock.
    private static let framesPerLook = 16
    /// What a handshake costs: a signature and two agreements on keys, before anything is read here.
    private static let handshakeWork = TimeAmount.microseconds(500)

    func waitForTurn() {
        charge()
        guard state.phase != .closed, !holds.contains(.turn) else { return }
        hold(.turn)
        loop.waitForTurn(self)
    }

    /// Goes on where this stopped when its address had used its share.
    func takeTurn() {
        holds.remove(.turn)
        if splice?.isOpen != true { readFrames() }
        readOn()
    }

    private func append(
        _ append: (id: AppendID, kind: EntryKind, epoch: UInt64, payload: ByteBuffer),
        to room: RoomID
    ) {
        let entry = LogAppend(
            id: append.id, sender: AttachmentID(0), kind: append.kind, epoch: append.epoch,
            payload: append.payload)
        loop.tell(room, .append(entry), from: id)
    }

    private func perform(_ action: ConnectionState.Action) {
        switch action {
        case .challenge(let version): sendChallenge(version: version)
        case .attach(let attach): check(attach)
        case .transfer(let transfer): check(transfer)
        case .append(let room, let append):
            let payload = ByteBuffer(bytes: append.payload)
            self.append((append.id, append.kind, append.epoch, payload), to: room)
        case .ready(let room, let isReady):
            signsOfLife += 1
            loop.tell(room, .ready(isReady), from: id)
        case .knock(let room, let payload): loop.tell(room, .knock(payload), from: id)
        case .answer(let room, let answer): loop.tell(room, .answer(answer), from: id)
        case .pong(let number):
            signsOfLife += 1
            deliver(FrameEncoder.frame(.pong(number)))
        case .leave(let room): loop.tell(room, .leave, from: id)
        case .goodbye(let reason): goodbye(reason)
        case .ignore: break
        }
    }

    /// The room took this connection in. False when it is gone already.
    func joined() -> Bool {
        guard case .attaching = state.phase else { return false }
        state.attached()
        parser.limit = FrameLimits.maximumBody
        touch(limits.silence)
        return true
    }

    private func slowDown(frames: Int, bytes: Int, now: NIODeadline) {
        var throttle = self.throttle ?? FrameThrottle(limits: limits, now: now)
        let wait = throttle.take(
            frames: frames, bytes: bytes, signsOfLife: signsOfLife, now: now)
        signsOfLife = 0
        self.throttle = throttle
        guard let wait else { return }
        hold(.throttled)
        // Whom we do not hear is not silent.
        touch(wait + limits.silence)
        loop.eventLoop.assumeIsolated().scheduleTask(in: wait) {
            self.holds.remove(.throttled)
            self.readFrames()
            self.readOn()
        }
    }

    private func holdEarlyBytes() {
        if parser.heldBytes > limits.spliceEarlyBytes { hold(.early) }
    }

    /// What came after the last frame: the first bytes for the other end of a splice.
    func takeRest() -> ByteBuffer? { parser.takeRest() }

    // MARK: To the network

    /// Sends whole frames, or keeps them until the network takes them.
    ///
    /// - Parameter share: what the frames are a part of that others get as well.
    func deliver(_ frames: ByteBuffer, sharedBy share: SharedFrames? = nil) {
        guard let context, state.phase != .closed else { return }
        if !isWaiting && frames.readableBytes <= Outbox.writeSize {
            context.writeAndFlush(wrapOutboundOut(frames), promise: nil)
        } else {
            queue(frames, sharedBy: share)
        }
    }

    /// Sends what an attach is answered with. A replay may be longer than what may wait otherwise.
    func deliverReplay(_ replay: Replay) {
        guard state.phase != .closed else { return }
        let outbox = self.outbox ?? Outbox(now: loop.now)
        self.outbox = outbox
        outbox.appendReplay(replay)
        drainOutbox()
        charge()
    }

    private func queue(_ frames: ByteBuffer, sharedBy share: SharedFrames?) {
        let outbox = self.outbox ?? Outbox(now: loop.now)
        self.outbox = outbox
        if let share { charged.hold(share) }
        outbox.append(frames, sharedBy: share)
        drainOutbox()
        if outbox.cost > limits.queuedBytes + outbox.exempt { cutOff(outbox) }
        charge()
    }

    /// What is held for this connection is counted for its address and in all.
    func charge() {
        // What was given to a splice's end and waits for the network is counted as that.
        let encrypted = splice?.owed ?? unsent
        let received = parser.heldMemory > Self.uncounted ? parser.heldMemory : 0
        let before = charged.bytes
        charged.set((outbox?.held ?? 0) + encrypted + received)
        guard charged.bytes != before else { return }
        loop.note(self, holds: charged.bytes > 0)
        if charged.bytes > before, let overspent = charged.overspent { loop.relieve(overspent) }
    }

    private func drainOutbox() {
        guard let outbox, let context, state.phase != .closed else { return }
        while context.channel.isWritable, let frames = outbox.next(now: loop.now) {
            context.writeAndFlush(wrapOutboundOut(frames), promise: nil)
        }
        // The network may have taken all while it was written to.
        if self.outbox === outbox && outbox.isEmpty { self.outbox = nil }
    }

    // MARK: The end

    /// Lets time pass.
    func sweep(now: NIODeadline) {
        if deadline <= now {
            deadlinePassed()
        } else if let outbox, now - outbox.lastProgress > limits.silence {
            // Who pings and never reads would keep what waits for them for ever.
            cutOff(outbox)
        } else if let outbox {
            outbox.countWhatLeftTheLog()
            charge()
        }
    }

    private func deadlinePassed() {
        switch state.phase {
        case .handshake, .closed: close()
        case .hello, .challenged, .attaching, .attached, .waiting: goodbye(.timeout)
        case .spliced: close()
        }
    }

    /// Bytes that are sent before a goodbye. They are encrypted at once for this client alone, as a
    /// long replay must not be: whoever resumes time after time would fill the memory with them.
    private static let lastBytes = 256 << 10
    /// Bytes of a frame that is half received which are not counted: hardly any connection has them.
    private static let uncounted = 16 << 10

    /// Says why, and closes. What was delivered before is sent before, unless it is a lot: who wants
    /// that resumes.
    func goodbye(_ reason: GoodbyeReason) {
        if reason != .tooSlow, let room = state.room { loop.flushLocalRoom(room) }
        let rest = reason == .tooSlow ? nil : outbox?.takeAll(limit: Self.lastBytes)
        let isMidFrame = outbox?.isMidFrame == true
        guard let phase = state.end() else { return }
        if phase != .handshake && phase != .spliced && !isMidFrame, let context {
            if let rest { context.write(wrapOutboundOut(rest), promise: nil) }
            let frame = FrameEncoder.frame(.goodbye(reason))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        }
        letGo(phase)
        deadline = .distantFuture
        context?.close(promise: nil)
    }

    /// Closes without a word of ours; TLS says its own.
    func close() {
        if let phase = state.end() { letGo(phase) }
        deadline = .distantFuture
        context?.close(promise: nil)
    }

    private func ended() {
        if let phase = state.end() { letGo(phase) }
        charged.end(loop.shared.queues)
        context = nil
        if let work { loop.leaveTurns(work) }
        work = nil
        loop.unregister(self)
    }

    /// Tells everyone else that this connection is over.
    private func letGo(_ phase: ConnectionState.Phase) {
        outbox = nil
        _ = parser.takeRest()
        switch phase {
        case .attaching(let room), .attached(let room):
            loop.leaveLocalRoom(room, self)
            loop.tell(room, .lost, from: id)
        case .waiting(let key): loop.tokenLost(key, by: id)
        case .spliced:
            if let splice { loop.tellSplice(splice.peer, .lost) }
        case .handshake, .hello, .challenged, .closed: break
        }
        splice = nil
        charge()
    }
}
