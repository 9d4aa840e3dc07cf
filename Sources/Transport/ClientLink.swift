import NIOCore
import TLSSyntax
import Wire

/// A connection as a client uses it: `async` calls that hop to the event loop and back.
struct ClientLink: Sendable {
    let channel: any Channel
    let handler: NIOLoopBound<ClientLinkHandler>
    /// Knows what an error of the network means.
    let tls: ClientTLS
    let serverKey: ServerKeyHash

    fileprivate func receiveFrames() async throws -> [ServerFrame]? {
        try await ask { $0.frames($1) }
    }

    fileprivate func receiveBytes() async throws -> ByteBuffer? {
        try await ask { $0.bytes($1) }
    }

    fileprivate func send(_ buffer: ByteBuffer) async throws {
        try await ask { $0.send(buffer, $1) }
    }

    /// Asks the handler on its loop. A cancelled task closes the connection, which answers every
    /// question that is open.
    private func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (ClientLinkHandler, EventLoopPromise<Answer>) -> Void
    ) async throws -> Answer {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        return try await withTaskCancellationHandler {
            channel.eventLoop.execute { question(handler.value, promise) }
            do {
                return try await promise.futureResult.get()
            } catch {
                throw tls.connectionError(for: error)
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Frames on a connection.
struct NIOFrameLink: FrameLink {
    let link: ClientLink

    var serverKey: ServerKeyHash { link.serverKey }

    func receive() async throws -> [ServerFrame]? {
        try await link.receiveFrames()
    }

    func send(_ frames: [ClientFrame]) async throws {
        var buffer = ByteBuffer()
        for frame in frames { buffer.writeFrame(frame) }
        try await link.send(buffer)
    }
}

/// Bytes on a connection that was spliced.
struct NIOByteLink: ByteLink {
    let link: ClientLink

    func receive() async throws -> [UInt8]? {
        try await link.receiveBytes().map { Array($0.readableBytesView) }
    }

    func send(_ bytes: [UInt8]) async throws {
        try await link.send(ByteBuffer(bytes: bytes))
    }
}
