import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TLSSyntax
import Wire

/// Both ends of a splice, on a loop each: one sends zeros, the other counts them.
struct Relay {
    private let options: Options

    init(options: Options) { self.options = options }

    func run() throws -> String {
        let figures = ProcessFigures(pids: options.pids)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        defer { try? group.syncShutdownGracefully() }
        let tls = try Driver.makeTLS(classical: options.classical)
        let access = RoomSecret().accessKey
        let token = TransferToken.random()
        let total = options.relay << 20
        let ends = try [0, total].map { size in
            let loop = group.next()
            let spliced = loop.makePromise(of: Void.self)
            let done = loop.makePromise(of: Int.self)
            let channel = try ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let end = SpliceEnd(
                            size: size, expected: total - size, access: access, token: token,
                            spliced: spliced, done: done)
                        let bound = NIOLoopBound(end, eventLoop: channel.eventLoop)
                        try channel.pipeline.syncOperations.addHandlers(
                            NIOSSLClientHandler(
                                context: tls, serverHostname: nil,
                                customVerificationCallback: { chain, promise in
                                    bound.value.learnKey(chain.first)
                                    promise.succeed(.certificateVerified)
                                }),
                            end)
                    }
                }
                .connect(host: "127.0.0.1", port: options.port).wait()
            return (channel: channel, spliced: spliced.futureResult, done: done.futureResult)
        }
        for end in ends { try end.spliced.wait() }
        let stretch = Stretch(figures)
        for end in ends { end.channel.pipeline.fireUserInboundEventTriggered(SpliceEnd.Go()) }
        let received = try ends[0].done.wait()
        let result = stretch.end()
        for end in ends { end.channel.close(promise: nil) }
        guard received == total else { throw RelayError(received: received, expected: total) }
        var report = Report()
        report.add("tag", options.tag)
        report.add("proto", "chatbox")
        report.add("mode", "relay")
        report.add("mib", options.relay)
        report.add("secs", result.seconds)
        report.add("mib_s", Double(options.relay) / result.seconds, digits: 1)
        report.add("srv_cpu", result.server)
        report.add("cpu_s_per_gib", result.server * 1024 / Double(options.relay))
        report.add("gen_cpu", result.own)
        report.add("other_cpu", result.others)
        report.add("hwm", figures.memory("VmHWM"))
        return report.line
    }
}

struct RelayError: Error, CustomStringConvertible {
    var received: Int
    var expected: Int
    var description: String { "\(received) of \(expected) bytes came out of the splice" }
}

/// One end. On its loop only.
private final class SpliceEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The signal to send.
    struct Go: Sendable {}

    private let access: AccessKey
    private let token: TransferToken
    private let spliced: EventLoopPromise<Void>
    private let done: EventLoopPromise<Int>
    private let expected: Int
    private var rest: Int
    private var server: ServerKeyHash?
    private var held = ByteBuffer()
    private var isSpliced = false
    private var received = 0
    private let zeros = ByteBuffer(repeating: 0, count: 64 << 10)

    init(
        size: Int, expected: Int, access: AccessKey, token: TransferToken,
        spliced: EventLoopPromise<Void>, done: EventLoopPromise<Int>
    ) {
        rest = size
        self.expected = expected
        self.access = access
        self.token = token
        self.spliced = spliced
        self.done = done
    }

    func learnKey(_ certificate: NIOSSLCertificate?) {
        server = (try? certificate?.extractPublicKey().toSPKIBytes()).map {
            ServerKeyHash(ofPublicKey: $0)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            send(.hello(.init(agent: Array("chatload".utf8))), context)
        } else if event is Go {
            sendMore(context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if isSpliced {
            count(buffer.readableBytes)
            return
        }
        held.writeBuffer(&buffer)
        while !isSpliced, let length = held.getInteger(at: held.readerIndex, as: UInt32.self),
            held.readableBytes >= 4 + Int(length)
        {
            held.moveReaderIndex(forwardBy: 4)
            guard let body = held.readBytes(length: Int(length)) else { return }
            handle(body, context)
        }
    }

    private func handle(_ body: [UInt8], _ context: ChannelHandlerContext) {
        switch try? ServerFrame(tlsEncoded: body) {
        case .challenge(let hello):
            guard let server,
                let proof = try? access.prove(
                    .transfer(token), challenge: hello.challenge, server: server)
            else { return }
            send(.transfer(.init(proof: proof, token: token)), context)
        case .spliced:
            isSpliced = true
            spliced.succeed()
            count(held.readableBytes)
        case let other: spliced.fail(RelayFailure(description: "\(String(describing: other))"))
        }
    }

    private func count(_ bytes: Int) {
        received += bytes
        if received == expected { done.succeed(received) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { sendMore(context) }

    private func sendMore(_ context: ChannelHandlerContext) {
        guard isSpliced else { return }
        while rest > 0, context.channel.isWritable {
            let piece = zeros.getSlice(at: 0, length: min(rest, zeros.readableBytes)) ?? zeros
            rest -= piece.readableBytes
            context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        spliced.fail(ChannelError.eof)
        done.succeed(received)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        spliced.fail(error)
        context.close(promise: nil)
    }

    private func send(_ frame: ClientFrame, _ context: ChannelHandlerContext) {
        let body = frame.tlsEncoded
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(body.count))
        buffer.writeBytes(body)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}

/// The server said something else than that the ends are joined.
struct RelayFailure: Error, CustomStringConvertible {
    var description: String
}
