// Embedded Swift for WebAssembly has no tasks: a page gives frames by calls.
#if !hasFeature(Embedded)
    /// A connection to a server on which frames go both ways: the client's one window to the world.
    ///
    /// `Transport` gives a real one, over TLS; tests give one in memory.
    package protocol FrameLink: Sendable {
        /// The key of the server at the other end, as this end saw it.
        var serverKey: ServerKeyHash { get }

        /// The next frames, at least one; nil when the other end closed in good order.
        ///
        /// Called by one task at a time. A frame is read from the network only when it is asked for, so
        /// a slow caller slows the sender down.
        func receive() async throws -> [ServerFrame]?

        /// Sends frames in this order; returns when the connection can take more.
        func send(_ frames: [ClientFrame]) async throws
    }

    /// A connection that became one end of a splice: bytes, not frames.
    package protocol ByteLink: Sendable {
        /// The next bytes, at least one; nil when the other end closed in good order.
        func receive() async throws -> [UInt8]?

        /// Sends bytes; returns when the connection can take more.
        func send(_ bytes: [UInt8]) async throws
    }

    /// Makes connections to one server.
    package protocol Connector: Sendable {
        /// Connects, gives the link to `body`, and closes it when `body` returns or throws.
        func withLink<Result: Sendable>(
            _ body: @Sendable (any FrameLink) async throws -> Result
        ) async throws -> Result

        /// Connects, says hello, shows the token under a proof made by `access`, waits until the other
        /// end is there, gives the spliced link to `body`, and closes it when `body` is done.
        func withTransfer<Result: Sendable>(
            token: TransferToken, access: AccessKey,
            _ body: @Sendable (any ByteLink) async throws -> Result
        ) async throws -> Result
    }
#endif
