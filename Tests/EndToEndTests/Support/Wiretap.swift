import NIOCore
import NIOPosix
import TLSSyntax
import Wire

@testable import Transport

/// A server that listens to itself: TLS ends here under the real server's own key and certificate,
/// so that no client can tell, and what comes is recorded and goes on to the real one.
///
/// It can also do what only the server could: repeat entries at new places, withhold them, and
/// forget a client. Its state, `Tap`, lives on one event loop; this is the handle to it.
final class Wiretap: Sendable {
    /// Where clients connect.
    let port: UInt16
    private let tap: NIOLoopBound<Tap>
    private let loop: any EventLoop
    private let listener: any Channel

    /// - Parameter state: the server's state folder, which has its key.
    static func start(
        to target: UInt16, state: String, into capture: Capture
    ) async throws -> Wiretap {
        let server = try ServerTLS(certificate: ServerCertificate(stateFolder: state))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let tap = try await loop.submit {
            NIOLoopBound(
                Tap(
                    target: target, client: try ClientTLS(host: "127.0.0.1", trust: nil),
                    capture: capture, loop: loop), eventLoop: loop)
        }.get()
        let listener = try await ServerBootstrap(group: loop)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                loop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(server.makeHandler())
                    try tap.value.accept(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Wiretap(tap: tap, loop: loop, listener: listener)
    }

    private init(tap: NIOLoopBound<Tap>, loop: any EventLoop, listener: any Channel) {
        port = UInt16(listener.localAddress?.port ?? 0)
        self.tap = tap
        self.loop = loop
        self.listener = listener
    }

    deinit {
        listener.close(promise: nil)
        loop.execute { [tap] in tap.value.closeAll() }
    }

    private func ask(_ body: @escaping @Sendable (Tap) -> Void) async throws {
        try await loop.submit { [tap] in body(tap.value) }.get()
    }

    /// Gives whoever is in a room these entries, sender and all, at the next places of the log;
    /// what really comes has later places from then on.
    func feed(_ entries: [ServerFrame.Entry]) async throws {
        try await ask { tap in tap.rooms.forEach { $0.feed(entries) } }
    }

    /// Passes on nothing more that comes from the server.
    func withhold() async throws {
        try await ask { tap in tap.rooms.forEach { $0.isWithholding = true } }
    }

    /// Has the server forget who is here, as it does with those who are away for too long, and
    /// keeps them away until `readmit`.
    func dismiss() async throws {
        try await ask { tap in
            tap.isShut = true
            tap.rooms.forEach { $0.dismiss() }
        }
    }

    func readmit() async throws { try await ask { $0.isShut = false } }
}

/// What the tap knows. Used on its loop only.
private final class Tap {
    let target: UInt16
    let client: ClientTLS
    let capture: Capture
    let loop: any EventLoop
    var isShut = false
    private var lines: [Line] = []

    init(target: UInt16, client: ClientTLS, capture: Capture, loop: any EventLoop) {
        self.target = target
        self.client = client
        self.capture = capture
        self.loop = loop
    }

    /// Connections on which somebody is in a room.
    var rooms: [Line] { lines.filter(\.isInRoom) }

    func accept(_ channel: any Channel) throws {
        guard !isShut else { return channel.close(promise: nil) }
        let line = Line(client: channel, capture: capture)
        lines.append(line)
        let remove = { [self] in lines.removeAll { $0 === line } }
        try channel.pipeline.syncOperations.addHandler(
            Ear(
                heard: line.upward,
                ended: {
                    line.clientEnded(); remove()
                }))
        let bound = NIOLoopBound((line: line, tls: client), eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelInitializer { [loop] server in
                loop.makeCompletedFuture {
                    let (line, tls) = bound.value
                    try server.pipeline.syncOperations.addHandlers([
                        try tls.makeHandler(),
                        Ear(heard: line.downward, ended: { line.serverEnded() }),
                    ])
                    line.server = server
                }
            }
            .connect(host: "127.0.0.1", port: Int(target))
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success: line.begin()
                case .failure: channel.close(promise: nil)
                }
            }
    }

    func closeAll() {
        for line in lines { line.close() }
    }
}

/// One client's connection and the one to the server that belongs to it.
private final class Line {
    var server: (any Channel)?
    var isWithholding = false
    private(set) var isInRoom = false
    private let client: any Channel
    private let capture: Capture
    private let fromClient: Int
    private let fromServer: Int
    private var parser = FrameParser(limit: FrameLimits.maximumBody)
    private var isSpliced = false
    private var isDismissed = false
    /// The place of the last entry that the client was given.
    private var last: UInt64 = 0
    /// Entries that it was given besides.
    private var shift: UInt64 = 0

    init(client: any Channel, capture: Capture) {
        self.client = client
        self.capture = capture
        fromClient = capture.newStream()
        fromServer = capture.newStream()
    }

    func begin() { client.setOption(.autoRead, value: true).whenComplete { _ in } }

    func close() {
        client.close(promise: nil)
        server?.close(promise: nil)
    }

    func clientEnded() { if !isDismissed { server?.close(promise: nil) } }

    func serverEnded() { client.close(promise: nil) }

    func upward(_ buffer: ByteBuffer) {
        capture.record(buffer, in: fromClient)
        server?.writeAndFlush(buffer, promise: nil)
    }

    func downward(_ buffer: ByteBuffer) {
        capture.record(buffer, in: fromServer)
        if isSpliced { return client.writeAndFlush(buffer, promise: nil) }
        parser.append(buffer)
        do {
            while !isSpliced, let body = try parser.next() { pass(try body.decodeFrame()) }
        } catch {
            close()
        }
        if isSpliced, let rest = parser.takeRest() { client.writeAndFlush(rest, promise: nil) }
    }

    private func pass(_ frame: ServerFrame) {
        if case .entry(let entry) = frame { capture.record(entry) }
        guard !isWithholding else { return }
        switch frame {
        case .attached(let attached):
            isInRoom = true
            last = attached.position.sequence
            give(frame)
        case .entry(var entry):
            entry.sequence += shift
            last = entry.sequence
            give(.entry(entry))
        case .appended(var appended):
            appended.sequence += shift
            last = max(last, appended.sequence)
            give(.appended(appended))
        case .spliced:
            isSpliced = true
            give(frame)
        default: give(frame)
        }
    }

    private func give(_ frame: ServerFrame) {
        var buffer = ByteBuffer()
        buffer.writeFrame(frame)
        client.writeAndFlush(buffer, promise: nil)
    }

    func feed(_ entries: [ServerFrame.Entry]) {
        for var entry in entries {
            shift += 1
            last += 1
            entry.sequence = last
            give(.entry(entry))
        }
    }

    func dismiss() {
        isDismissed = true
        var buffer = ByteBuffer()
        buffer.writeFrame(ClientFrame.leave)
        server?.writeAndFlush(buffer, promise: nil)
        client.close(promise: nil)
    }
}

/// Tells what comes on one channel.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: (ByteBuffer) -> Void
    private let ended: () -> Void

    init(heard: @escaping (ByteBuffer) -> Void, ended: @escaping () -> Void) {
        self.heard = heard
        self.ended = ended
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { heard(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
