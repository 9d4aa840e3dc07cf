import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite("The proxy that cuts", .oneAtATime)
struct FaultProxyTests {
    /// Collects what comes and closes its promise at the end.
    final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var got = ByteBuffer()
        private let done: EventLoopPromise<ByteBuffer>

        init(done: EventLoopPromise<ByteBuffer>) { self.done = done }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            got.writeImmutableBuffer(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) { done.succeed(got) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// A server that collects one connection, and a proxy in front of it.
    private func withProxy(
        _ body: (FaultProxy, any Channel) async throws -> Void
    ) async throws -> ByteBuffer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let done = loop.makePromise(of: ByteBuffer.self)
        let server = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(done: done))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = try await FaultProxy.start(to: UInt16(server.localAddress?.port ?? 0), seed: 7)
        let client = try await ClientBootstrap(group: loop)
            .connect(host: "127.0.0.1", port: Int(proxy.port)).get()
        try await body(proxy, client)
        let got = try await done.futureResult.get()
        try await server.close()
        return got
    }

    @Test("bytes come out as they went in, delayed and stalled", .timeLimit(.minutes(1)))
    func exactness() async throws {
        let sent = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 167) })
        let got = try await withProxy { proxy, client in
            try await proxy.delay(upTo: .milliseconds(3))
            try await client.writeAndFlush(sent)
            try await proxy.stall(for: .milliseconds(50))
            try await client.close()
        }
        #expect(got == sent)
    }

    @Test("a cut leaves the front of what was sent, and a count", .timeLimit(.minutes(1)))
    func cuts() async throws {
        let sent = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 167) })
        let got = try await withProxy { proxy, client in
            let cut = try await proxy.armCut(inBytes: 0...1_000_000, patience: .seconds(30))
            client.writeAndFlush(sent, promise: nil)
            try await cut.get()
            #expect(try await proxy.cuts == 1)
        }
        #expect(got.readableBytes <= 1_000_000)
        #expect(sent.getSlice(at: 0, length: got.readableBytes) == got)
    }

    @Test(
        "one wish cuts one connection, though the chosen one stalls longer than its patience",
        .timeLimit(.minutes(1)))
    func cutsOfStalledConnections() async throws {
        _ = try await withProxy { proxy, client in
            var others: [any Channel] = []
            for _ in 0..<8 {
                let other = try await ClientBootstrap(group: client.eventLoop)
                    .connect(host: "127.0.0.1", port: Int(proxy.port)).get()
                try await other.writeAndFlush(ByteBuffer(bytes: [1]))
                others.append(other)
            }
            while try await proxy.bytesCarried < others.count {
                try await Task.sleep(for: .milliseconds(2))
            }
            for (round, sender) in [client, others[0], others[1]].enumerated() {
                try await proxy.stall(for: .milliseconds(200))
                let cut = try await proxy.armCut(inBytes: 0...0, patience: .milliseconds(20))
                sender.writeAndFlush(ByteBuffer(repeating: 7, count: 100), promise: nil)
                try await cut.get()
                // What was chosen would be cut for a second time when the stall is over.
                try await client.eventLoop.scheduleTask(in: .milliseconds(300)) {}
                    .futureResult.get()
                #expect(try await proxy.cuts == round + 1)
            }
            for other in others { try? await other.close() }
        }
    }
}
