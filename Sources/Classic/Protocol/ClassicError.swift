/// What went wrong with a conversation of the original protocol.
package enum ClassicError: Error, Equatable, Sendable {
    /// What the other end sent is not the protocol of `docs/classic.md`.
    case notClassic
    /// A body is longer than `ClassicLimits.maximumBody`.
    case tooLong
    /// Nobody answers there.
    case unreachable
    /// The server reset the connection, as one does that stops.
    case reset
    /// The server closed the connection.
    case closed
    /// The server cannot listen; why, as the system says it.
    case cannotListen(String)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .notClassic:
            "what answers there does not speak the original protocol; check the address and the port"
        case .tooLong: "a message is longer than 16 MiB; send it as a file"
        case .unreachable: "nobody answers there; check the address and the network"
        case .reset: "the server stopped and reset the connection; join again when it runs"
        case .closed: "the server closed the connection; join again"
        case .cannotListen(let reason):
            "the server cannot listen (\(reason)); choose another --host or --port"
        }
    }
}

/// Limits of this implementation; the protocol itself has none.
package enum ClassicLimits {
    /// Bytes of a body: the longest message of chatbox.
    package static let maximumBody = 16 << 20
    /// Bytes of a piece of a file as it is sent here: small enough to let messages in between.
    package static let pieceSize = 64 << 10
    /// Clients of one server: within the 1,024 descriptors that most systems give a process.
    package static let maximumClients = 500
    /// Bytes of unfinished messages that a server holds for all clients together.
    package static let maximumUnfinished = 256 << 20
    /// Bytes that may wait for a client before nobody is read from.
    package static let maximumWaiting = 1 << 20
    /// Seconds after which a client that reads nothing is cut off.
    package static let patience: Int64 = 10
    /// Files that may be on their way to one client.
    package static let maximumFiles = 16
    /// Bytes of the name of who sends a file: as many as a name of chatbox has at most.
    package static let maximumName = 128
    /// Bytes of the name of a file: four times what file systems take.
    package static let maximumFileName = 1024
}
