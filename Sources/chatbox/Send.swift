import ArgumentParser
import ChatUI
import Client
import Folder
import Foundation
import Terminal
import Wire

struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says something to a room, or offers files to it, and ends.",
        discussion: """
            The text is the argument or, without one and without files, the standard input. \
            A text that begins with - comes after --, as in: chatbox send LINK -- '-5 degrees'. \
            It ends when the server has acknowledged the text, and when every file has arrived \
            whole at somebody and nobody is still taking it. When nobody else is in the room, or not \
            the person of --to, and nobody comes for 10 seconds (or --timeout), nothing is said or \
            sent and the exit status is 69. A file waits as long as somebody is there who may still \
            take it; when everybody has declined it or left, when it changes, or when the connection \
            is gone for 2 minutes, it is taken back, and the exit status is 75, or 66 when it changed. \
            So it is when one of several files got to nobody.
            """)

    @Argument(help: "The link, in quotes: chatbox://HOST/#SECRET.")
    var link: String

    @Argument(help: "What to say.")
    var text: String?

    @Option(name: .customLong("file"), help: "A file to offer; may be given several times.")
    var files: [String] = []

    @Option(help: "Offers the files to this person alone.")
    var to: String?

    @Option(help: "Seconds after which to give up (default: 60 for text, none for files).")
    var timeout: Double?

    @OptionGroup var person: PersonOptions

    @OptionGroup var sandbox: SandboxOptions

    @OptionGroup var keyLog: KeyLogOption

    /// Seconds that text alone may take.
    private static let usualTimeout = 60.0
    /// Files that one command offers: as many as a client may have on offer.
    private static let maximumFiles = TransferLimits.offers
    /// Bytes of standard input that are read: the longest message, and one to see that it is longer.
    private static let maximumInput = (16 << 20) + 1

    func validate() throws {
        if let timeout, !(timeout > 0 && timeout <= 1e9) {
            throw ValidationError("--timeout needs a number of seconds above 0")
        }
        if files.count > Self.maximumFiles {
            throw ValidationError(
                "\(files.count) files are more than the \(Self.maximumFiles) that go at once; pack them into an archive"
            )
        }
        if to != nil && files.isEmpty {
            throw ValidationError("--to is for files: text is said to the whole room")
        }
    }

    func run() throws {
        let stay = Stay(link: try Link.argument(link), person: person, keyLog: try keyLog.open())
        // A file that cannot be read is said before anybody is bothered.
        var opened: [String: SourceFile] = [:]
        for path in files { opened[path] = try Self.open(path) }
        let text = try self.text ?? (files.isEmpty ? Self.standardInput() : nil)
        guard text?.unicodeScalars.allSatisfy(\.properties.isWhitespace) != true else {
            throw Problem(.badLink, "there is no text to send; give some, or --file")
        }
        let confinement = Confinement(options: sandbox, port: stay.server.port)
        let client = try stay.client(confinement, opened: opened)
        let errand = Errand(
            session: client, text: text, files: files, recipient: to,
            // With --timeout, that is how long to wait for somebody.
            patience: timeout == nil ? .usual : .untilTimeout)
        let limit = timeout ?? (files.isEmpty ? Self.usualTimeout : nil)
        let kept = confinement.enter()
        // A script's standard error is for what goes wrong.
        let isWatched = TerminalDevice.isTerminal(STDERR_FILENO)
        if isWatched { kept.show() }
        let signals = InputReader(
            poller: InputPoller(descriptor: -1, signals: [SIGINT, SIGTERM, SIGHUP]))
        try AsyncPart.run {
            try await Stay.withoutClientFailures {
                try await errand.run(timeout: limit, signals: signals) { status in
                    guard isWatched else { return }
                    Output.line(SafeText(untrusted: "-- \(status)"), to: STDERR_FILENO)
                }
            }
        }
    }

    private static func open(_ path: String) throws(Problem) -> SourceFile {
        guard path != "-" else {
            throw Problem(
                .noInput,
                "the standard input is no file: it has no name and no size; write it to a file first"
            )
        }
        do throws(FolderError) {
            return try SourceFile(path: path)
        } catch {
            throw Problem(.noInput, "\(path): \(error.sentence)")
        }
    }

    private static func standardInput() throws(Problem) -> String {
        if TerminalDevice.isTerminal(STDIN_FILENO) {
            Output.line("Type what to say, then Ctrl-D on a line of its own.", to: STDERR_FILENO)
        }
        var bytes = try input()
        // The end of the last line is the shell's, not the message's.
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.badLink, "the text is not UTF-8; convert it, or send it with --file")
        }
        return text
    }

    /// Everything up to the first end of the input: on a terminal, one Ctrl-D.
    private static func input() throws(Problem) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Problem(.inputOutput, "the standard input cannot be read; try again")
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count < maximumInput else {
                throw Problem(.badLink, "the text is longer than 16 MiB; send it with --file")
            }
        }
    }
}
