import Logging
import NIOCore
import NIOEmbedded
import Testing
import Transport
import Wire

@testable import Server

/// One connection of a server without a network, whose event loop the test moves.
private struct LoneConnection {
    let loop: LoopState
    let channel: EmbeddedChannel
    let connection: Connection

    init(limits: ServerLimits = ServerLimits()) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let shared = ServerShared(
            limits: limits, tls: try ServerTLS(certificate: try ServerCertificate.temporary()),
            store: EmbeddedRoomStore(limits: limits), agent: [], logger: logger, loopCount: 1)
        channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        loop = LoopState(shared: shared, index: 0, eventLoop: channel.eventLoop)
        connection = Connection(loop: loop)
        try channel.pipeline.syncOperations.addHandler(connection)
        connection.state.secured()
    }

    /// As if it had attached to a room.
    func attach() {
        connection.state.proved(attachTo: .test(1))
        #expect(connection.joined())
        connection.memberIndex = 0
    }

    func receive(_ frames: [ClientFrame]) throws {
        var buffer = ByteBuffer()
        for frame in frames { buffer.writeFrame(frame) }
        try channel.writeInbound(buffer)
    }

    func sent() throws -> [ServerFrame] {
        var parser = FrameParser(limit: FrameLimits.maximumBody)
        var frames: [ServerFrame] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { parser.append(buffer) }
        while let body = try parser.next() { frames.append(try body.decodeFrame()) }
        return frames
    }
}

@Suite("A connection on its loop") struct ConnectionTests {
    private let entry = FrameEncoder.entry(
        sequence: 1, sender: AttachmentID(1), kind: .message,
        payload: ByteBuffer(repeating: 7, count: 60_000))

    @Test("a replay that was not read is not sent before a goodbye; a few words are")
    func lastWords() throws {
        for (count, isSent) in [(500, false), (3, true)] {
            let lone = try LoneConnection()
            lone.channel.isWritable = false
            lone.connection.deliverReplay(Array(repeating: entry, count: count))
            lone.connection.goodbye(.replaced)
            let sent = try lone.sent()
            #expect(sent.count == (isSent ? count + 1 : 1))
            #expect(sent.last == .goodbye(.replaced))
        }
    }

    @Test("tiny frames that wait count for what they take")
    func tinyFrames() throws {
        var limits = ServerLimits()
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
        var limits = ServerLimits()
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
