import Logging
import NIOCore

/// Who may connect: counts connections in all and per address. At the cap it accepts no more, so
/// that newcomers wait in the kernel's queue and the process keeps its last descriptors.
struct AcceptCounts {
    private let maximum: Int
    private let maximumPerAddress: Int
    private var count = 0
    private var perAddress: [AddressKey: Int] = [:]

    init(maximum: Int, maximumPerAddress: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
    }

    var isFull: Bool { count >= maximum }
    var total: Int { count }

    /// Counts a connection in; false when its address has as many as one may have.
    mutating func enter(_ address: SocketAddress?) -> Bool {
        let key = AddressKey(address)
        let here = perAddress[key, default: 0]
        guard here < maximumPerAddress else { return false }
        perAddress[key] = here + 1
        count += 1
        return true
    }

    mutating func leave(_ address: SocketAddress?) {
        let key = AddressKey(address)
        count -= 1
        guard let here = perAddress[key] else { return }
        perAddress[key] = here > 1 ? here - 1 : nil
    }
}

/// Stands before the listening sockets' own handlers. All listeners of a server live on one event
/// loop and share one gate's counts.
final class AcceptGate {
    private let logger: Logger
    private var counts: AcceptCounts
    private var waiting: [ObjectIdentifier: ChannelHandlerContext] = [:]
    private var wasFull = false

    init(limits: ServerLimits, maximum: Int, logger: Logger) {
        self.logger = logger
        counts = AcceptCounts(
            maximum: maximum, maximumPerAddress: limits.connectionsPerAddress)
    }

    fileprivate var mayAccept: Bool { !counts.isFull }

    fileprivate func wait(_ context: ChannelHandlerContext) {
        if waiting.isEmpty && !wasFull {
            logger.warning(
                "no more connections are accepted until some end",
                metadata: ["connections": "\(counts.total)"])
        }
        wasFull = true
        waiting[ObjectIdentifier(context)] = context
    }

    fileprivate func forget(_ context: ChannelHandlerContext) {
        waiting[ObjectIdentifier(context)] = nil
    }

    fileprivate func enter(_ channel: any Channel) -> Bool {
        let address = channel.remoteAddress
        guard counts.enter(address) else {
            logger.debug("an address has too many connections")
            return false
        }
        return true
    }

    fileprivate func leave(_ address: SocketAddress?) {
        counts.leave(address)
        guard !counts.isFull, !waiting.isEmpty else { return }
        if wasFull { logger.notice("connections are accepted again") }
        wasFull = false
        let contexts = waiting.values
        waiting = [:]
        for context in contexts { context.read() }
    }
}

/// The gate in one listener's pipeline.
final class AcceptHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = any Channel

    private let gate: AcceptGate

    init(gate: AcceptGate) { self.gate = gate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        guard gate.enter(channel) else {
            channel.close(promise: nil)
            return
        }
        let address = channel.remoteAddress
        let bound = NIOLoopBound(gate, eventLoop: context.eventLoop)
        channel.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            bound.value.leave(address)
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if gate.mayAccept { context.read() } else { gate.wait(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { gate.forget(context) }
}
