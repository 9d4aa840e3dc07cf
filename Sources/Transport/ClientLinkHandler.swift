import NIOCore
import NIOSSL
import NIOTLS
import Wire

/// The client's end of a connection, on its event loop: holds what came until it is asked for, and
/// reads no more from the network while enough is held.
///
/// The types around it (`NIOFrameLink`, `NIOByteLink`) turn it into `async` calls.
final class ClientLinkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes held before reading pauses: two of the largest TLS records read at once.
    private static let highMark = 128 << 10

    /// Kept when TLS is agreed on, with our protocol inside.
    let ready: EventLoopPromise<Void>
    private var context: ChannelHandlerContext?
    private var parser = FrameParser(limit: FrameLimits.maximumBody)
    private var heldBytes = 0
    private var readHeldBack = false
    private var ended: Result<Void, any Error>?
    private var waiter: Waiter?
    private var writers: [EventLoopPromise<Void>] = []

    private enum Waiter {
        case frames(EventLoopPromise<[ServerFrame]?>)
        case bytes(EventLoopPromise<ByteBuffer?>)
    }

    init(ready: EventLoopPromise<Void>) {
        self.ready = ready
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        end(.failure(ConnectionError.lost))
    }

    // MARK: What the network does

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        if negotiated == FrameLimits.applicationProtocol {
            ready.succeed()
        } else {
            ready.fail(ConnectionError.handshake("the other end does not speak chatbox"))
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        heldBytes += buffer.readableBytes
        parser.append(buffer)
        serveWaiter()
    }

    func read(context: ChannelHandlerContext) {
        if heldBytes >= Self.highMark && waiter == nil {
            readHeldBack = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { releaseWriters() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.success(()))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that closes its socket without TLS's goodbye has closed all the same; the frames
        // themselves say whether it was in good order.
        if case NIOSSLError.uncleanShutdown = error {
            end(.success(()))
        } else {
            end(.failure(error))
        }
        context.close(promise: nil)
    }

    private func end(_ result: Result<Void, any Error>) {
        guard ended == nil else { return }
        ended = result
        switch result {
        case .success: ready.fail(ConnectionError.lost)
        case .failure(let error): ready.fail(error)
        }
        serveWaiter()
        releaseWriters()
    }

    private func releaseWriters() {
        let released = writers
        writers = []
        for writer in released { writer.succeed() }
    }

    /// Ends the connection for a reason of ours.
    func fail(_ error: ConnectionError) {
        end(.failure(error))
        context?.close(promise: nil)
    }

    // MARK: What the client asks

    func frames(_ promise: EventLoopPromise<[ServerFrame]?>) {
        waiter = .frames(promise)
        serveWaiter()
    }

    func bytes(_ promise: EventLoopPromise<ByteBuffer?>) {
        waiter = .bytes(promise)
        serveWaiter()
    }

    /// Writes and flushes; the promise is kept as soon as the channel can take more.
    func send(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>) {
        guard ended == nil, let context else { return promise.fail(ConnectionError.lost) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        if context.channel.isWritable { promise.succeed() } else { writers.append(promise) }
    }

    /// Answers whoever waits, if what is held or the end of the connection is an answer.
    private func serveWaiter() {
        switch waiter {
        case nil: return
        case .frames(let promise): serveFrames(promise)
        case .bytes(let promise): serveBytes(promise)
        }
        // Who still waits has a frame before it that is larger than what is held otherwise.
        if readHeldBack && (heldBytes < Self.highMark || waiter != nil) {
            readHeldBack = false
            context?.read()
        }
    }

    private func serveFrames(_ promise: EventLoopPromise<[ServerFrame]?>) {
        do {
            var frames: [ServerFrame] = []
            while let body = try parser.next() {
                heldBytes -= FrameLimits.headerSize + body.readableBytes
                frames.append(try body.decodeFrame())
                // What follows is the other end's bytes, not frames.
                if frames.last == .spliced { break }
            }
            if !frames.isEmpty {
                waiter = nil
                promise.succeed(frames)
            } else if let ended {
                waiter = nil
                promise.completeWith(ended.map { nil })
            }
        } catch {
            waiter = nil
            promise.fail(ConnectionError.protocolViolation)
            context?.close(promise: nil)
        }
    }

    private func serveBytes(_ promise: EventLoopPromise<ByteBuffer?>) {
        if let bytes = parser.takeRest() {
            heldBytes = 0
            waiter = nil
            promise.succeed(bytes)
        } else if let ended {
            waiter = nil
            promise.completeWith(ended.map { nil })
        }
    }
}
