package import NIOCore
import NIOPosix

/// A client of the original protocol. Insecure: whoever sees its connection reads it.
package struct ClassicClient: Sendable {
    /// How long the server may take to answer.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// How long it may take to send its number.
    fileprivate static let numberTimeout = TimeAmount.seconds(10)
    /// How long the server may take to close once we have: a person who quits waits for it.
    private static let closeTimeout = TimeAmount.seconds(2)
    /// What was read and not taken yet, in messages, before the server has to wait.
    private static let readAhead =
        NIOAsyncSequenceProducerBackPressureStrategies
        .HighLowWatermark(lowWatermark: 1, highWatermark: 4)

    private let address: SocketAddress
    private let group: (any EventLoopGroup)?

    /// Looks the host up, which waits for the network: nothing is looked up later, and no thread is
    /// started now.
    ///
    /// - Parameter group: nil for the process's own, whose threads start with the connection.
    package init(
        host: String, port: Int, group: (any EventLoopGroup)? = nil
    ) throws(ClassicError) {
        do {
            address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw .unreachable
        }
        self.group = group
    }

    /// What a server sends.
    package enum Incoming: Hashable, Sendable {
        /// Comes first: the number in the clear.
        case number(UInt8)
        case content(ClassicContent)
        /// A frame whose body says nothing that the protocol knows.
        case unreadable
    }

    /// Connects, runs `body` and closes; what was sent before goes out first.
    ///
    /// - Parameter body: gets what the server sends, which ends with a `ClassicError` or, when the
    ///   server closes in good order, without one; and the way to send.
    package func withConnection<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Inbound, Outbound) async throws -> sending Result
    ) async throws -> sending Result {
        let connection = try await connect()
        return try await connection.executeThenClose { inbound, outbound in
            let result = try await body(Inbound(inner: inbound), Outbound(inner: outbound))
            outbound.finish()
            await Self.waitForEnd(of: connection.channel)
            return result
        }
    }

    /// Waits until the server has seen our end and closed, which is when it has all that was sent.
    private static func waitForEnd(of channel: any Channel) async {
        let deadline = channel.eventLoop.scheduleTask(in: closeTimeout) {
            channel.close(promise: nil)
        }
        try? await channel.closeFuture.get()
        deadline.cancel()
    }

    private func connect() async throws(ClassicError) -> NIOAsyncChannel<Incoming, ByteBuffer> {
        do {
            return try await ClientBootstrap(group: group ?? MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(to: address) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ClassicReader())
                        return try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(
                                backPressureStrategy: Self.readAhead,
                                isOutboundHalfClosureEnabled: true))
                    }
                }
        } catch {
            throw .unreachable
        }
    }

    /// What the server sends, in order.
    package struct Inbound: AsyncSequence, Sendable {
        fileprivate let inner: NIOAsyncChannelInboundStream<Incoming>

        package struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate var inner: NIOAsyncChannelInboundStream<Incoming>.AsyncIterator

            package mutating func next() async throws(ClassicError) -> Incoming? {
                do {
                    return try await inner.next()
                } catch let error as ClassicError {
                    throw error
                } catch is CancellationError {
                    return nil
                } catch {
                    throw .reset
                }
            }
        }

        package func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(inner: inner.makeAsyncIterator())
        }
    }

    /// The way to the server.
    package struct Outbound: Sendable {
        fileprivate let inner: NIOAsyncChannelOutboundWriter<ByteBuffer>

        /// Sends; waits while the server takes nothing.
        package func send(_ frame: ClassicFrame) async throws(ClassicError) {
            do {
                try await inner.write(ByteBuffer(bytes: frame.bytes))
            } catch {
                throw .reset
            }
        }

        /// Says that nothing more will be sent.
        package func finish() { inner.finish() }
    }
}

/// Makes of a connection's bytes what they mean.
private final class ClassicReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ClassicClient.Incoming

    private var cutter = ClassicCutter()
    private var key: ClassicKey?
    private var deadline: Scheduled<Void>?

    func channelActive(context: ChannelHandlerContext) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: ClassicClient.numberTimeout) {
            context.value.fireErrorCaught(ClassicError.notClassic)
            context.value.close(promise: nil)
        }
        context.value.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        cutter.append(unwrapInboundIn(data).readableBytesView)
        do throws(ClassicError) {
            while let incoming = try next() {
                context.fireChannelRead(wrapInboundOut(incoming))
            }
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    private func next() throws(ClassicError) -> ClassicClient.Incoming? {
        guard let key else {
            guard let number = try cutter.keyNumber() else { return nil }
            key = ClassicKey(number: number)
            deadline?.cancel()
            return .number(number)
        }
        guard let frame = try cutter.next() else { return nil }
        let content = ClassicContent(kind: frame.kind, body: key.apply(frame.body))
        return content.map { .content($0) } ?? .unreadable
    }
}
