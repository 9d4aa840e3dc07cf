import NIOCore
import NIOEmbedded
import Testing
import Transport
import Wire

@testable import Server

/// What is held for connections is counted as what it takes, and the largest are cut off first.
@Suite("The budget of what waits") struct QueueBudgetTests {
    @Test("the largest of all loops go first, as many as it takes")
    func largestFirst() {
        let account = QueueAccount(limit: 1600)
        account.add(2000)
        func weight(_ loop: Int, _ number: UInt64, _ bytes: Int) -> QueueWeight {
            QueueWeight(connection: ConnectionID(loop: loop, number: number), bytes: bytes)
        }
        var relief = QueueRelief(account, loops: 2)
        let early = relief.named([weight(0, 1, 300), weight(0, 2, 100)])
        #expect(early == nil)
        let cut = relief.named([weight(1, 1, 50), weight(1, 2, 400), weight(1, 3, 310)])
        // 500 have to go: 400 too many, and a sixteenth of 1600 to be free for a while.
        #expect(cut == [ConnectionID(loop: 1, number: 2), ConnectionID(loop: 1, number: 3)])
        account.add(-500)
        var again = QueueRelief(account, loops: 1)
        let none = again.named([weight(0, 1, 300)])
        #expect(none == [])
    }

    @Test("an address's account counts in that of all, and one loop at a time relieves it")
    func accounts() {
        var limits = LoneConnection.limits
        limits.heldBytes = 300
        limits.heldBytesPerAddress = 200
        let budget = QueueBudget(limits: limits)
        let first = AddressKey(try? SocketAddress(ipAddress: "10.0.0.1", port: 1))
        let second = AddressKey(try? SocketAddress(ipAddress: "2001:db8::1", port: 1))
        let third = AddressKey(try? SocketAddress(ipAddress: "2001:db8::ffff", port: 2))
        let one = budget.enter(first)
        let two = budget.enter(second)
        #expect(budget.enter(third) === two, "one /64, one account")
        one.add(150)
        #expect(one.overspent == nil)
        two.add(160)
        #expect(one.overspent === budget.all && two.overspent === budget.all)
        two.add(50)
        #expect(two.overspent === two)
        #expect(two.beginRelief() && !two.beginRelief())
        two.endRelief()
        #expect(two.beginRelief())
        one.add(-150)
        two.add(-210)
        #expect(budget.all.held == 0)
        budget.leave(two)
        #expect(budget.enter(second) === two)
        for _ in 0..<2 { budget.leave(two) }
        #expect(budget.enter(second) !== two, "nothing is kept for an address without connections")
    }

    @Test("those who wait share what goes to all, patched or not")
    func sharing() throws {
        let lones = try LoneConnection.several(20)
        let local = LocalRoom(room: .test(1))
        for lone in lones {
            lone.attach()
            local.add(lone.connection, replay: Replay(frames: []))
        }
        local.flush()
        for lone in lones { lone.channel.isWritable = false }
        // Everybody says something in this turn, so that everybody gets a patch.
        for (index, lone) in lones.enumerated() {
            for _ in 0..<4 {
                local.broadcast(
                    FrameEncoder.entry(
                        sequence: UInt64(index) + 1, sender: AttachmentID(UInt64(index)),
                        kind: .message, payload: ByteBuffer(repeating: 7, count: 700)),
                    except: lone.connection,
                    instead: FrameEncoder.appended(
                        id: AppendID(number: 1), sequence: UInt64(index) + 1, duplicate: false))
            }
        }
        local.flush()
        // 60 KB in one buffer of 64 KiB or 128, and a few places and own frames for each.
        let held = lones[0].loop.shared.queues.all.held
        #expect(held > 60_000 && held < (128 << 10) + 20 * 2000, "\(held) bytes are held")
        for (index, lone) in lones.enumerated() {
            lone.channel.isWritable = true
            lone.channel.pipeline.fireChannelWritabilityChanged()
            let sent = try lone.sent()
            #expect(sent.count == 80)
            for (place, frame) in sent.enumerated() {
                switch frame {
                case .entry(let entry):
                    #expect(place / 4 != index && entry.sequence == UInt64(place / 4) + 1)
                case .appended(let appended):
                    #expect(place / 4 == index && appended.sequence == UInt64(index) + 1)
                default: Issue.record("\(frame) was never said")
                }
            }
        }
        #expect(lones[0].loop.shared.queues.all.held == 0)
    }

    @Test("the largest queue of an address is cut off, and others go on")
    func largestQueue() throws {
        var limits = LoneConnection.limits
        limits.heldBytesPerAddress = 100_000
        let lones = try LoneConnection.several(3, limits: limits)
        for lone in lones { lone.channel.isWritable = false }
        let frame = FrameEncoder.entry(
            sequence: 1, sender: AttachmentID(1), kind: .message,
            payload: ByteBuffer(repeating: 7, count: 16_000))
        for (lone, count) in zip(lones, [1, 4, 1]) {
            for _ in 0..<count { lone.connection.deliver(frame) }
        }
        lones[0].channel.embeddedEventLoop.run()
        #expect(lones.allSatisfy { $0.connection.state.phase == .hello })
        lones[2].connection.deliver(frame)
        lones[0].channel.embeddedEventLoop.run()
        #expect(lones.map { $0.connection.state.phase == .hello } == [true, false, true])
        #expect(lones[0].loop.shared.queues.all.held < 100_000)
    }

    @Test("a frame that is half received is counted until it is whole")
    func halfReceived() throws {
        let lone = try LoneConnection()
        lone.attach()
        let queues = lone.loop.shared.queues
        var frame = ByteBuffer()
        frame.writeFrame(
            ClientFrame.append(
                .init(
                    id: AppendID(number: 1), kind: .commit, epoch: 0,
                    payload: [UInt8](repeating: 1, count: 2 << 20))))
        let rest = frame.readableBytes - (1 << 20)
        try lone.channel.writeInbound(frame.readSlice(length: 1 << 20))
        #expect(queues.all.held >= 1 << 20)
        try lone.channel.writeInbound(frame.readSlice(length: rest))
        #expect(queues.all.held == 0)
    }

    @Test("entries of a replay are counted once their log has let go of them")
    func replays() throws {
        let lone = try LoneConnection()
        let queues = lone.loop.shared.queues
        lone.channel.isWritable = false
        let horizon = LogHorizon()
        let frame = FrameEncoder.entry(
            sequence: 1, sender: AttachmentID(1), kind: .message,
            payload: ByteBuffer(repeating: 7, count: 50_000))
        let frames = (1...100 as ClosedRange<UInt64>).map {
            Replay.Frame(bytes: frame, sequence: $0)
        }
        lone.connection.deliverReplay(Replay(frames: frames, horizon: horizon))
        #expect(queues.all.held < 100 * 100)
        horizon.goneThrough = 40
        lone.connection.sweep(now: .now())
        #expect(queues.all.held > 40 * 50_000 && queues.all.held < 50 * 70_000)
        lone.connection.sweep(now: .now())
        #expect(queues.all.held < 50 * 70_000)
        horizon.goneThrough = .max
        lone.connection.sweep(now: .now())
        #expect(queues.all.held > 100 * 50_000)
        lone.channel.isWritable = true
        lone.channel.pipeline.fireChannelWritabilityChanged()
        #expect(queues.all.held == 0)
        #expect(try lone.sent().count == 100)
    }

    @Test("a large frame goes out in pieces, and no word breaks into it")
    func pieces() throws {
        let commit = FrameEncoder.entry(
            sequence: 1, sender: AttachmentID(1), kind: .commit,
            payload: ByteBuffer(repeating: 7, count: 1 << 20))
        let open = try LoneConnection()
        open.connection.deliver(commit)
        open.connection.deliver(FrameEncoder.frame(.pong(1)))
        var sizes: [Int] = []
        var parser = FrameParser(limit: FrameLimits.maximumBody)
        while let piece = try open.channel.readOutbound(as: ByteBuffer.self) {
            sizes.append(piece.readableBytes)
            parser.append(piece)
        }
        #expect(sizes.count > 15 && sizes.allSatisfy { $0 <= Outbox.writeSize })
        let large = try parser.next()
        #expect(large?.readableBytes == commit.readableBytes - FrameLimits.headerSize)
        let word: ServerFrame? = try parser.next()?.decodeFrame()
        #expect(word == .pong(1))

        // The network takes one piece only.
        let slow = try LoneConnection()
        let channel = slow.channel
        let stuck = AfterWrite { channel.isWritable = false }
        try channel.pipeline.syncOperations.addHandler(stuck, position: .first)
        slow.connection.deliver(commit)
        slow.connection.goodbye(.shuttingDown)
        var bytes = 0
        while let piece = try channel.readOutbound(as: ByteBuffer.self) {
            bytes += piece.readableBytes
        }
        #expect(bytes == Outbox.writeSize, "a goodbye would be taken for a part of the frame")
    }

    @Test("memory goes back after a peak, and not too often")
    func trimming() {
        var trim = MemoryTrim()
        func due(held: Int, now: NIODeadline) -> Bool { trim.isDue(held: held, now: now) }
        let start = NIODeadline.now()
        let peak = 4 * MemoryTrim.least
        #expect(!due(held: peak, now: start))
        #expect(!due(held: peak - MemoryTrim.least + 1, now: start))
        #expect(due(held: peak - MemoryTrim.least, now: start))
        #expect(!due(held: 0, now: start + .seconds(1)))
        #expect(due(held: 0, now: start + MemoryTrim.interval))
        #expect(!due(held: 0, now: start + .hours(1)))
        MemoryTrim.run()
    }
}

/// Does something after each write.
private final class AfterWrite: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private let action: () -> Void

    init(_ action: @escaping () -> Void) { self.action = action }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        action()
    }
}
