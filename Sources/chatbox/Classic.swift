import ArgumentParser
import Classic
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The original protocol, for those who want to see it broken. Off unless asked for by name.
struct ClassicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classic",
        abstract: "INSECURE: the original protocol, and how it is broken.",
        discussion: """
            \(Self.warning) It is here to be looked at: docs/classic.md has its bytes, and \
            docs/packet-capture.md breaks a conversation step by step. For anything else, use \
            chatbox without this word.
            """,
        subcommands: [ClassicServe.self, ClassicJoin.self, ClassicDecode.self])

    /// Said in every help text and by every command here.
    static let warning = """
        INSECURE: the original protocol sends its key in the clear, so whoever sees the traffic \
        reads all of it and can change it.
        """

    /// The port that is meant when none is given.
    static let defaultPort: UInt16 = 7668

    static func showWarning() { Output.write(warning + "\n", to: STDERR_FILENO) }
}

extension Problem {
    init(_ error: ClassicError, server: String? = nil) {
        let status: ExitStatus =
            switch error {
            case .notClassic: .protocolError
            case .tooLong: .badLink
            case .unreachable, .cannotListen: .unavailable
            case .reset, .closed: .temporary
            }
        self.init(status, (server.map { "\($0): " } ?? "") + error.sentence)
    }
}
