import Logging
import NIOCore
import NIOEmbedded
import Testing
import Transport
import Wire

@testable import Server

/// One connection of a server without a network, whose event loop the test moves.
struct LoneConnection {
    let loop: LoopState
    let channel: EmbeddedChannel
    let connection: Connection

    /// The share of an address is an hour unless a test says otherwise: on a slow machine nobody waits.
    static var limits: ServerLimits {
        var limits = ServerLimits()
        limits.turnShare = .hours(1)
        return limits
    }

    init(limits: ServerLimits = LoneConnection.limits) throws {
        let channel = EmbeddedChannel()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let shared = ServerShared(
            limits: limits, tls: try ServerTLS(certificate: try ServerCertificate.temporary()),
            store: EmbeddedRoomStore(limits: limits), agent: [], logger: logger, loopCount: 1)
        try self.init(
            channel, loop: LoopState(shared: shared, index: 0, eventLoop: channel.eventLoop))
    }

    /// Several on one loop.
    static func several(
        _ count: Int, limits: ServerLimits = LoneConnection.limits
    ) throws -> [LoneConnection] {
        let first = try LoneConnection(limits: limits)
        let others = try (1..<count).map { _ in
            try first.another(from: "127.0.0.1")
        }
        return [first] + others
    }

    /// Another one on the same loop.
    func another(from address: String) throws -> LoneConnection {
        try LoneConnection(
            EmbeddedChannel(loop: channel.embeddedEventLoop), loop: loop, address: address)
    }

    private init(
        _ channel: EmbeddedChannel, loop: LoopState, address: String = "127.0.0.1"
    ) throws {
        self.channel = channel
        self.loop = loop
        try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
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
