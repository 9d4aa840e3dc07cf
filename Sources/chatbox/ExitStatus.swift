import Client
import Folder
import Foundation
import Terminal
import Wire

/// What the program ends with; the numbers are those of `sysexits.h`.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    /// The command line was not understood.
    case usage = 64
    /// A link is not one, or text cannot be sent.
    case badLink = 65
    /// A file to be sent cannot be read.
    case noInput = 66
    /// The server cannot be reached, the port is taken, nobody is in the room, or it has ended.
    case unavailable = 69
    /// The folder for received files cannot be made or written to.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// The connection was lost, or nothing happened in time.
    case temporary = 75
    /// The other end speaks something else.
    case protocolError = 76
    /// The server's key is the wrong one, or the room does not open.
    case noPermission = 77

    var meaning: String {
        switch self {
        case .success: "success"
        case .usage: "the command line was not understood"
        case .badLink: "the link, or the text to send, is not usable"
        case .noInput: "a file to be sent cannot be read"
        case .unavailable:
            "the server cannot be reached, the port is taken, nobody is in the room, or it has ended"
        case .cannotCreate: "the folder for received files cannot be written to"
        case .inputOutput: "reading or writing failed"
        case .temporary: "the connection was lost, or nothing happened in time"
        case .protocolError: "the other end speaks another protocol or version"
        case .noPermission: "the server's key is not the expected one, or it refused the room"
        }
    }

    /// For the manual.
    static var table: String {
        "Exit status: "
            + allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: "; ")
                + """
                ; 128 and the number of a signal that ended a command before it was done (130: Ctrl-C, \
                also when a second one does not wait for the leaving). A stay in a room that a signal \
                ends is left in good order: 0.
                """
    }
}

/// A command was ended by a signal before it was done.
struct Interrupted: Error {
    var signal: Int32

    /// What a shell makes of it.
    var status: Int32 { 128 + signal }

    /// Ends the program as the signal would have without a handler: a shell stops its loop for that.
    func end() -> Never {
        _ = Foundation.signal(signal, SIG_DFL)
        kill(getpid(), signal)
        // The first process of a container is not killed so.
        exit(status)
    }
}

/// Why the program ends early.
struct Problem: Error {
    var status: ExitStatus
    /// One sentence without an end mark: what happened and what to do.
    var sentence: String

    init(_ status: ExitStatus, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// Says it on standard error and ends the program.
    func report() -> Never {
        Output.line("chatbox: \(SafeText(untrusted: sentence))", to: STDERR_FILENO)
        exit(status.rawValue)
    }
}

extension Problem {
    init(_ error: LinkError) { self.init(.badLink, error.sentence) }

    /// - Parameter path: the folder's, as the person gave it.
    init(_ error: FolderError, folder path: String) {
        self.init(.cannotCreate, "\(path): \(error.sentence)")
    }

    init(_ failure: ClientFailure) {
        let status: ExitStatus =
            switch failure {
            case .cannotConnect(let error): Self.status(of: error)
            case .wrongServer, .untrustedCertificate, .unauthorized, .removed, .turnedAway:
                .noPermission
            case .versionMismatch: .protocolError
            case .closed, .gaveUp: .unavailable
            }
        self.init(status, failure.sentence)
    }

    init(_ error: ConnectionError, server: ServerAddress) {
        let name = server.text
        let sentence =
            switch error {
            case .unknownHost(let host):
                "no address is known for \(host); check the spelling and the network"
            case .unreachable: "nobody answers at \(name); check the address and the network"
            case .wrongServer:
                "the server at \(name) has another key than expected; ask its operator for the key"
            case .untrustedCertificate:
                "the certificate of \(name) is of no authority known here, has expired, or is for "
                    + "another name; give the server's --key instead of --public"
            case .handshake, .protocolViolation:
                "what answers at \(name) is no chatbox server; check the address and the port"
            case .goodbye(.full): "the server at \(name) is full; try again later"
            case .goodbye: "the server at \(name) closed the connection; try again later"
            case .lost, .timeout: "the connection to \(name) broke; try again"
            }
        self.init(Self.status(of: error), sentence)
    }

    private static func status(of error: ConnectionError) -> ExitStatus {
        switch error {
        case .unknownHost, .unreachable, .goodbye(.full), .goodbye(.shuttingDown): .unavailable
        case .wrongServer, .untrustedCertificate, .goodbye(.unauthorized): .noPermission
        case .handshake, .protocolViolation, .goodbye(.protocolError), .goodbye(.version):
            .protocolError
        case .goodbye, .lost, .timeout: .temporary
        }
    }
}
