import Logging
import NIOCore
import NIOEmbedded
import Testing
import Transport
import Wire

@testable import Server

@Suite("A connection on its loop") struct ConnectionTests {
    private let entry = FrameEncoder.entry(
        sequence: 1, sender: AttachmentID(1), kind: .message,
        payload: ByteBuffer(repeating: 7, count: 60_000))

    private func replay(of frame: ByteBuffer, count: Int) -> Replay {
        Replay(frames: Array(repeating: .init(bytes: frame, sequence: nil), count: count))
    }

    @Test("a replay that was not read is not sent before a goodbye; a few words are")
    func lastWords() throws {
        for (count, isSent) in [(500, false), (3, true)] {
            let lone = try LoneConnection()
            lone.channel.isWritable = false
            lone.connection.deliverReplay(replay(of: entry, count: count))
            lone.connection.goodbye(.replaced)
            let sent = try lone.sent()
            #expect(sent.count == (isSent ? count + 1 : 1))
            #expect(sent.last == .goodbye(.replaced))
        }
    }

    @Test("tiny frames that wait count for what they take")
    func tinyFrames() throws {
        var limits = LoneConnection.limits
        limits.queuedBytes = 10_000
        let lone = try LoneConnection(limits: limits)
        lone.channel.isWritable = false
        for number in 0..<100 as Range<UInt64> {
            lone.connection.deliver(FrameEncoder.frame(.pong(number)))
        }
        #expect(lone.connection.state.phase == .closed)
        #expect(try lone.sent().last == .goodbye(.tooSlow))
    }

    @Test("who is heard and never reads is cut off")
    func neverReads() throws {
        let lone = try LoneConnection()
        lone.channel.isWritable = false
        lone.connection.deliver(FrameEncoder.frame(.pong(1)))
        lone.connection.touch(.hours(1))
        lone.connection.sweep(now: .now() + .seconds(50))
        #expect(lone.connection.state.phase == .hello)
        lone.connection.sweep(now: .now() + .seconds(70))
        #expect(lone.connection.state.phase == .closed)
    }

    @Test("what had come when too much had waits, and who waits is not silent")
    func throttled() throws {
        var limits = LoneConnection.limits
        limits.appendsPerSecond = 1
        limits.appendBurst = 10
        let lone = try LoneConnection(limits: limits)
        lone.attach()
        for chunk in 0..<5 { try lone.receive((0..<100).map { .ping(UInt64(chunk * 100 + $0)) }) }
        #expect(try lone.sent().count == 100)
        #expect(lone.connection.deadline > .now() + .seconds(100))
        lone.channel.embeddedEventLoop.advanceTime(by: .seconds(91))
        #expect(try lone.sent().last == .pong(499))
    }

    @Test("only whose address has used its share waits for a turn that pays for it")
    func turns() throws {
        let heavy = try LoneConnection(limits: ServerLimits())
        let sibling = try heavy.another(from: "127.0.0.1")
        let other = try heavy.another(from: "127.0.0.2")
        for lone in [heavy, sibling, other] { lone.attach() }
        let work = try #require(heavy.connection.work)
        heavy.loop.charge(.milliseconds(12), to: work)
        for lone in [heavy, sibling, other] { try lone.receive([.ping(1)]) }
        #expect(try other.sent() == [.pong(1)])
        var waiting = [heavy, sibling]
        var turns = 0
        while !waiting.isEmpty, turns < 1000 {
            heavy.channel.embeddedEventLoop.advanceTime(by: ServerLimits().turnPause)
            turns += 1
            waiting = try waiting.filter { try $0.sent() != [.pong(1)] }
            #expect(turns > 1 || waiting.count == 2)
        }
        #expect(waiting.isEmpty)
    }

    @Test("a frame that never ends is silence")
    func endlessFrame() throws {
        let lone = try LoneConnection()
        lone.attach()
        lone.connection.touch(.seconds(30))
        let deadline = lone.connection.deadline
        try lone.channel.writeInbound(ByteBuffer(bytes: [0, 0x10, 0, 0, 3, 3, 3]))
        #expect(lone.connection.deadline == deadline)
        try lone.channel.writeInbound(ByteBuffer(bytes: [UInt8](repeating: 3, count: 99)))
        #expect(lone.connection.deadline == deadline)
    }

    @Test("what a room says while it sends comes after what it sends")
    func order() throws {
        let first = try LoneConnection()
        let second = try LoneConnection()
        let local = LocalRoom(room: .test(1))
        for lone in [first, second] { local.add(lone.connection, replay: Replay(frames: [])) }
        local.flush()
        let entry = entry
        let onWrite = OnWrite {
            for _ in 0..<2 { local.broadcast(entry, except: nil, instead: nil) }
        }
        try first.channel.pipeline.syncOperations.addHandler(onWrite, position: .first)
        local.broadcast(FrameEncoder.frame(.pong(1)), except: nil, instead: nil)
        local.flush()
        local.flush()
        #expect(try second.sent().map { $0 == .pong(1) } == [true, false, false])
    }

    @Test("an end of a splice whose other end is gone already is not left waiting")
    func goneBeforeJoined() throws {
        let lone = try LoneConnection()
        let key = SpliceTable.Key(room: .test(1), token: .random())
        lone.connection.state.proved(transfer: key)
        let gone = ConnectionID(loop: 0, number: 99)
        lone.loop.tellSplice(gone, .joined(with: lone.connection.id))
        #expect(lone.connection.state.phase == .closed)
    }

    @Test("event loops have descriptors too")
    func descriptors() {
        #expect(DescriptorLimit.connections(descriptors: 1024, loops: 32, reserve: 64) == 864)
        #expect(DescriptorLimit.connections(descriptors: 64, loops: 2, reserve: 64) == 1)
    }
}

/// Does something in the middle of the first write.
private final class OnWrite: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private var action: (() -> Void)?

    init(_ action: @escaping () -> Void) { self.action = action }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        let action = action
        self.action = nil
        action?()
    }
}
