import NIOCore
import NIOPosix

/// A TCP proxy that carries bytes exactly until it is told to be unkind: it cuts connections in the
/// middle of what they carry, stalls them and delays them. Whatever it decides by chance comes from
/// a seed.
///
/// Its state, `Carrier`, lives on one event loop; this is the handle to it.
final class FaultProxy: Sendable {
    /// Where clients connect.
    let port: UInt16
    private let carrier: NIOLoopBound<Carrier>
    private let loop: any EventLoop
    private let listener: any Channel

    /// - Parameter target: the server's port on this machine.
    static func start(to target: UInt16, seed: UInt64 = 1) async throws -> FaultProxy {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let carrier = try await loop.submit {
            NIOLoopBound(Carrier(target: target, seed: seed, loop: loop), eventLoop: loop)
        }.get()
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                loop.makeCompletedFuture { try carrier.value.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FaultProxy(carrier: carrier, loop: loop, listener: listener)
    }

    private init(carrier: NIOLoopBound<Carrier>, loop: any EventLoop, listener: any Channel) {
        self.port = UInt16(listener.localAddress?.port ?? 0)
        self.carrier = carrier
        self.loop = loop
        self.listener = listener
    }

    deinit {
        listener.close(promise: nil)
        loop.execute { [carrier] in carrier.value.cutAll() }
    }

    private func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (Carrier) -> Answer
    ) async throws -> Answer {
        try await loop.submit { [carrier] in body(carrier.value) }.get()
    }

    /// Cuts every connection, at both ends.
    func cutAll() async throws { try await ask { $0.cutAll() } }

    /// Cuts every connection at the client's end alone: the server hears nothing of it, as when a
    /// router forgets a connection.
    func cutClients() async throws { try await ask { $0.cutClients() } }

    /// Cuts the connection that carries the byte which is so many away, in front of that byte;
    /// returns when it was cut. When nothing is carried for `patience`, some connection is cut.
    ///
    /// - Parameter range: what the byte is drawn from.
    func cutOne(
        inBytes range: ClosedRange<Int>, patience: TimeAmount = .milliseconds(200)
    ) async throws {
        try await armCut(inBytes: range, patience: patience).get()
    }

    /// The same, of what is carried from when this returns; the result tells when it was cut.
    func armCut(
        inBytes range: ClosedRange<Int>, patience: TimeAmount = .milliseconds(200)
    ) async throws -> EventLoopFuture<Void> {
        try await ask { $0.armCut(inBytes: range, patience: patience) }
    }

    /// Carries nothing for a while, on the connections that are open now; they stay open.
    func stall(for time: TimeAmount) async throws { try await ask { $0.stall(for: time) } }

    /// Carries nothing at all until `hearAgain`, on connections that are made meanwhile neither; all
    /// stay open, and what they are given waits.
    func fallSilent() async throws { try await ask { $0.silence(until: .distantFuture) } }
    func hearAgain() async throws { try await ask { $0.silence(until: .now()) } }

    /// Delays everything from now on by up to this long, each direction in order.
    func delay(upTo time: TimeAmount) async throws { try await ask { $0.maximumDelay = time } }

    /// How many connections were cut so far.
    var cuts: Int { get async throws { try await ask { $0.cuts } } }

    /// How many bytes were carried so far, both ways.
    var bytesCarried: Int { get async throws { try await ask { $0.bytesCarried } } }
}

/// What the proxy knows. Used on its loop only.
private final class Carrier {
    /// Clients that are cut off come back within this time, or never.
    private static let longestWait = TimeAmount.seconds(40)

    let target: UInt16
    let loop: any EventLoop
    var maximumDelay = TimeAmount.zero
    private(set) var cuts = 0
    private(set) var bytesCarried = 0
    private var pairs: [Pair] = []
    private var random: SeededGenerator
    private var armed: Wish?
    private var silentUntil = NIODeadline.uptimeNanoseconds(0)

    /// A connection that is to be cut: the one that carries the byte so many away, once it is known.
    private struct Wish {
        var bytes: Int
        let done: EventLoopPromise<Void>
        var pair: Pair?
    }

    init(target: UInt16, seed: UInt64, loop: any EventLoop) {
        self.target = target
        self.loop = loop
        random = SeededGenerator(seed: seed)
    }

    func accept(_ client: any Channel) throws {
        let pair = Pair(client: client)
        pair.stall(until: silentUntil, on: loop)
        pairs.append(pair)
        try client.pipeline.syncOperations.addHandler(
            CarryingHandler(carrier: self, pair: pair, lane: pair.upward))
        let bound = NIOLoopBound((carrier: self, pair: pair), eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { [loop] channel in
                loop.makeCompletedFuture {
                    let (carrier, pair) = bound.value
                    pair.upward.end = channel
                    try channel.pipeline.syncOperations.addHandler(
                        CarryingHandler(carrier: carrier, pair: pair, lane: pair.downward))
                }
            }
            .connect(host: "127.0.0.1", port: Int(target))
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let server):
                    client.read()
                    server.read()
                case .failure: self.close(pair)
                }
            }
    }

    /// Takes what came in at one end to the other end, unless here is where it is cut.
    func carry(
        _ buffer: ByteBuffer, along lane: Lane, of pair: Pair, whenDone: @escaping () -> Void
    ) {
        guard !pair.isDoomed else { return }
        bytesCarried += buffer.readableBytes
        guard let place = armed?.bytes, armed?.pair == nil else {
            return lane.push(.bytes(buffer, whenDone), at: time(), on: loop)
        }
        guard place < buffer.readableBytes else {
            armed?.bytes -= buffer.readableBytes
            return lane.push(.bytes(buffer, whenDone), at: time(), on: loop)
        }
        pair.isDoomed = true
        armed?.pair = pair
        let front = buffer.getSlice(at: buffer.readerIndex, length: place) ?? ByteBuffer()
        lane.push(.bytes(front) { self.cut(pair) }, at: time(), on: loop)
    }

    /// One end closed in good order: so does the other, when it has got everything.
    func finish(_ lane: Lane, of pair: Pair) {
        lane.push(.end { self.close(pair) }, at: time(), on: loop)
    }

    func close(_ pair: Pair) {
        guard !pair.isHalfDead else { return }
        pairs.removeAll { $0 === pair }
        for end in pair.ends { end.close(promise: nil) }
    }

    private func time() -> NIODeadline {
        guard maximumDelay > .zero else { return .now() }
        return .now() + .nanoseconds(.random(in: 0...maximumDelay.nanoseconds, using: &random))
    }

    // MARK: Faults

    private func cut(_ pair: Pair) {
        guard pairs.contains(where: { $0 === pair }) else { return }
        cuts += 1
        for case let end as any Channel & SocketOptionProvider in pair.ends {
            // Reset, as a broken network does, and not closed in good order.
            end.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        close(pair)
        armed?.done.succeed()
        armed = nil
    }

    func cutAll() {
        for pair in pairs {
            pair.isHalfDead = false
            cut(pair)
        }
    }

    func cutClients() {
        for pair in pairs where !pair.isHalfDead {
            (pair.isHalfDead, pair.isDoomed) = (true, true)
            guard let client = pair.downward.end as? any Channel & SocketOptionProvider else {
                continue
            }
            client.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
            client.close(promise: nil)
        }
    }

    func armCut(inBytes range: ClosedRange<Int>, patience: TimeAmount) -> EventLoopFuture<Void> {
        let done = loop.makePromise(of: Void.self)
        armed?.done.succeed()
        armed = Wish(bytes: Int.random(in: range, using: &random), done: done)
        cutAnyway(after: patience, unless: cuts)
        loop.assumeIsolated().scheduleTask(in: Self.longestWait) {
            done.fail(Unmet("nobody connects to the proxy any more; \(self.pairs.count) are there"))
        }
        return done.futureResult
    }

    private func cutAnyway(after patience: TimeAmount, unless number: Int) {
        loop.assumeIsolated().scheduleTask(in: patience) {
            guard self.armed != nil, self.cuts == number else { return }
            // One wish cuts one connection: another one is cut only when the chosen one has gone.
            let chosen = self.pairs.first { $0 === self.armed?.pair }
            if let pair = chosen ?? self.pairs.randomElement(using: &self.random) {
                self.cut(pair)
            } else {
                self.cutAnyway(after: .milliseconds(10), unless: number)
            }
        }
    }

    func stall(for time: TimeAmount) {
        for pair in pairs { pair.stall(until: .now() + time, on: loop) }
    }

    func silence(until time: NIODeadline) {
        silentUntil = time
        for pair in pairs { pair.stall(until: time, on: loop) }
    }
}

/// A connection of a client and the one to the server that belongs to it.
private final class Pair {
    let upward = Lane()
    let downward = Lane()
    /// Only the part of it that was carried already will come out.
    var isDoomed = false
    /// The client's end is cut, and the server's is kept.
    var isHalfDead = false

    init(client: any Channel) { downward.end = client }

    func stall(until time: NIODeadline, on loop: any EventLoop) {
        for lane in [upward, downward] { lane.stall(until: time, on: loop) }
    }

    var ends: [any Channel] { [upward.end, downward.end].compactMap { $0 } }
}

/// One direction: what waits for its time, in order.
private final class Lane {
    enum Load {
        case bytes(ByteBuffer, () -> Void)
        case end(() -> Void)
    }

    /// Where it comes out.
    var end: (any Channel)?
    private var stalledUntil = NIODeadline.uptimeNanoseconds(0)
    private var queue: [(time: NIODeadline, load: Load)] = []

    func push(_ load: Load, at time: NIODeadline, on loop: any EventLoop) {
        queue.append((time, load))
        if queue.count == 1 { drain(on: loop) }
    }

    func stall(until time: NIODeadline, on loop: any EventLoop) {
        stalledUntil = time
        drain(on: loop)
    }

    private func drain(on loop: any EventLoop) {
        while let first = queue.first {
            let time = max(first.time, stalledUntil)
            // Whoever ends the silence looks again.
            guard stalledUntil < .distantFuture else { return }
            guard time <= .now() else {
                loop.assumeIsolated().scheduleTask(deadline: time) { self.drain(on: loop) }
                return
            }
            queue.removeFirst()
            switch first.load {
            case .bytes(let buffer, let whenDone):
                end?.writeAndFlush(buffer).assumeIsolated().whenComplete { _ in whenDone() }
            case .end(let whenDone): whenDone()
            }
        }
    }
}

/// One end of a pair: reads on when what it read is out at the other end.
private final class CarryingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let carrier: Carrier
    private let pair: Pair
    private let lane: Lane

    init(carrier: Carrier, pair: Pair, lane: Lane) {
        self.carrier = carrier
        self.pair = pair
        self.lane = lane
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        carrier.carry(unwrapInboundIn(data), along: lane, of: pair) { channel.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        carrier.finish(lane, of: pair)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        carrier.close(pair)
    }
}
