import NIOCore
import NIOSSL
import NIOTLS
import TLSSyntax
import Wire

/// One connection of the load: attaches to its room, counts what comes, and speaks when told to.
/// On the driver's loop only.
final class Member: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State { case connecting, attaching, running, leaving, dead }

    let room: Int
    /// Its number among the speakers of its room; nil for one who only listens.
    let slot: UInt32?
    private(set) var state = State.connecting
    private unowned let driver: Driver
    private var context: ChannelHandlerContext?
    private var held: ByteBuffer?
    private var outgoing = ByteBuffer()
    private var said: UInt32 = 0
    /// The last number heard of each speaker of the room.
    private var heard: [UInt32]

    init(driver: Driver, room: Int, slot: UInt32?, speakers: Int) {
        self.driver = driver
        self.room = room
        self.slot = slot
        heard = [UInt32](repeating: 0, count: speakers)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: What the server does

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        state = .attaching
        send(.hello(.init(agent: Array("chatload".utf8))))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if var before = held {
            held = nil
            before.discardReadBytes()
            before.writeBuffer(&buffer)
            buffer = before
        }
        let now = Driver.nanoseconds()
        let used = buffer.withUnsafeReadableBytes { bytes in
            FrameScanner.scan(bytes) { handle($0, at: now) }
        }
        if used < buffer.readableBytes {
            buffer.moveReaderIndex(forwardBy: used)
            held = buffer
        }
        driver.deliveriesCame()
    }

    func channelInactive(context: ChannelHandlerContext) { end("closed by the server") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("\(error)")
        context.close(promise: nil)
    }

    private func handle(_ event: FrameScanner.Event, at now: UInt64) {
        switch event {
        case .entry(let entry):
            let last = heard[Int(entry.slot)]
            if entry.number <= last {
                driver.counts.duplicates += 1
            } else {
                driver.counts.gaps += Int(entry.number - last - 1)
                heard[Int(entry.slot)] = entry.number
            }
            driver.delivered(after: now > entry.time ? now - entry.time : 1)
        case .appended: driver.counts.acknowledged += 1
        case .other(let type, let body): handleControl(type, body)
        }
    }

    private func handleControl(_ type: UInt8, _ body: UnsafeRawBufferPointer) {
        // Presence is the most of what a large room says while it fills; nobody here needs it.
        guard type != 0x91, let frame = try? ServerFrame(tlsEncoded: Array(body)) else { return }
        switch frame {
        case .challenge(let hello): attach(to: hello.challenge)
        case .attached:
            guard state == .attaching else { return }
            state = .running
            driver.attached(self)
        case .goodbye(let reason): end("goodbye: \(reason)")
        case .refused(_, let reason): driver.complain("refused: \(reason)")
        case .unavailable: driver.complain("unavailable")
        default: break
        }
    }

    private func attach(to challenge: Challenge) {
        guard let server = driver.serverKey,
            let proof = try? driver.accessKey(of: room).prove(
                .attach, challenge: challenge, server: server)
        else { return end("no proof") }
        send(.attach(.init(proof: proof)))
    }

    private func end(_ reason: String) {
        guard state != .dead else { return }
        let wasLeaving = state == .leaving
        state = .dead
        driver.ended(self, inGoodOrder: wasLeaving, reason)
        context?.close(promise: nil)
    }

    // MARK: What it is told

    /// Puts a message into what the next flush sends.
    func say(size: Int, filler: ByteBuffer) {
        guard let slot else { return }
        said += 1
        let payload = UInt16(size)
        outgoing.writeMultipleIntegers(
            UInt32(1 + 16 + 1 + 8 + 2 + size), UInt8(0x03), UInt64.random(in: 0 ... .max),
            UInt64.random(in: 0 ... .max), EntryKind.message.rawValue, UInt64(0))
        outgoing.writeMultipleIntegers(
            0x4000 | payload, Driver.nanoseconds(), slot, said)
        outgoing.writeImmutableBuffer(
            filler.getSlice(at: 0, length: size - FrameScanner.stampSize) ?? filler)
    }

    /// Sends what was said since the last flush, in one write.
    func flush() {
        guard outgoing.readableBytes > 0, let context else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        outgoing = ByteBuffer()
    }

    func ping() { send(.ping(1)) }

    func leave() {
        state = .leaving
        send(.leave)
    }

    private func send(_ frame: ClientFrame) {
        let body = frame.tlsEncoded
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(body.count))
        buffer.writeBytes(body)
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}
