import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import Transport

@Suite("The client's end of a connection")
struct ClientLinkHandlerTests {
    /// Counts what the handler lets through to the network.
    private final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private(set) var count = 0

        func read(context: ChannelHandlerContext) {
            count += 1
            context.read()
        }
    }

    private let channel = EmbeddedChannel()
    private let reads = Reads()
    private let handler: ClientLinkHandler

    init() throws {
        handler = ClientLinkHandler(ready: channel.eventLoop.makePromise())
        try channel.pipeline.syncOperations.addHandlers([reads, handler])
    }

    private func ask() -> EventLoopFuture<[ServerFrame]?> {
        let promise = channel.eventLoop.makePromise(of: [ServerFrame]?.self)
        handler.frames(promise)
        return promise.futureResult
    }

    private static func entry(bytes: Int) -> ServerFrame {
        .entry(
            .init(
                sequence: 1, sender: AttachmentID(1), kind: .commit,
                payload: Array(repeating: 7, count: bytes)))
    }

    @Test("what is held in plenty is taken before more is read")
    func holdsBack() throws {
        var bytes = ByteBuffer()
        for _ in 0..<3 { bytes.writeFrame(Self.entry(bytes: 60_000)) }
        try channel.writeInbound(bytes)
        channel.read()
        #expect(reads.count == 0)
        #expect(try ask().wait()?.count == 3)
        #expect(reads.count == 1)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test("a frame larger than what is held is read to its end, though its beginning came unasked")
    func readsLargeFrames() throws {
        var bytes = ByteBuffer()
        bytes.writeFrame(Self.entry(bytes: 400_000))
        try channel.writeInbound(bytes.readSlice(length: 200_000))
        channel.read()
        #expect(reads.count == 0)
        let frames = ask()
        #expect(reads.count == 1)
        channel.read()
        #expect(reads.count == 2)
        try channel.writeInbound(bytes)
        #expect(try frames.wait() == [Self.entry(bytes: 400_000)])
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
