import ArgumentParser
import Classic
import Foundation
import Terminal

struct ClassicDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Reads conversations of the original protocol, INSECURE as it is, in a capture.",
        discussion: """
            The capture is a pcap or pcapng file, as tcpdump, dumpcap and Wireshark write them. The \
            key is taken from the capture when it is there, and found by trying all 256 when it is \
            not. No cooperation of anybody is needed: that is what insecure means.
            """)

    @Argument(help: "The capture: a pcap or pcapng file.")
    var capture: String

    @OptionGroup var sandbox: SandboxOptions

    /// Bytes read at once.
    private static let chunk = 1 << 20

    func run() throws {
        guard let file = FileHandle(forReadingAtPath: capture) else {
            throw Problem(.noInput, "\(capture) cannot be read; check the path and its permissions")
        }
        // What reads a stranger's bytes needs nothing but them.
        let kept = Confinement(options: sandbox).enter()
        if TerminalDevice.isTerminal(STDERR_FILENO) { kept.show() }
        var decoder = CaptureDecoder()
        do {
            while let more = try file.read(upToCount: Self.chunk), !more.isEmpty {
                guard decoder.add(Array(more)) else { break }
            }
        } catch {
            throw Problem(.noInput, "\(capture) cannot be read to its end; try again")
        }
        let report = decoder.finish()
        if report.packets == 0, let error = report.error {
            throw Problem(.noInput, "\(capture): \(error.sentence)")
        }
        for line in DecodedLines(report).all { Output.line(line) }
        for line in DecodedLines.remarks(report) { Output.line(line, to: STDERR_FILENO) }
        if let error = report.error { throw Problem(.noInput, "\(capture): \(error.sentence)") }
    }
}

/// A report as lines to be read.
struct DecodedLines {
    private(set) var all: [SafeText] = []

    init(_ report: CaptureReport) {
        for conversation in report.conversations { add(conversation) }
        guard report.conversations.isEmpty else { return }
        all.append(
            """
            no conversation of the original protocol in \(report.packets) packets and \
            \(report.connections) connections, of which \(report.tlsConnections) are TLS
            """)
    }

    private mutating func add(_ conversation: CaptureReport.Conversation) {
        let server = SafeText(untrusted: conversation.server.text)
        all.append("server \(server), clients: \(conversation.clients.count)")
        all.append(Self.describe(conversation.key))
        for utterance in conversation.utterances {
            let sender = utterance.sender?.text ?? "somebody"
            let head: SafeText = "\(Self.seconds(utterance.time))  \(SafeText(untrusted: sender))  "
            let lines = Self.text(utterance.content)
            for (number, line) in lines.enumerated() {
                all.append(number == 0 ? head + line : "    \(line)")
            }
        }
        if conversation.resets > 0 {
            all.append("connections ended by reset: \(conversation.resets)")
        }
    }

    private static func describe(_ key: CaptureReport.Key) -> SafeText {
        switch key {
        case .seen(let number):
            return
                "key \(ClassicKey(number: number).value): the number \(number) was sent in the clear"
        case .searched(let result, let duration):
            let guess: SafeText = result.isSure ? "" : "; there is little text, so it is a guess"
            let time = SafeText(untrusted: milliseconds(duration))
            return """
                key \(result.key.value) (of the number \(result.key.number)): found by trying all 256 in \
                \(time) ms\(guess)
                """
        case .unknown: return "nothing was said, and the key was not sent"
        }
    }

    private static func text(_ content: CaptureReport.Content) -> [SafeText] {
        switch content {
        case .message(let parts):
            let text = parts.map { part in
                switch part {
                case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
                case .missing(let count): "[\(count) bytes are not in the capture]"
                }
            }
            return SafeText.lines(untrusted: text.joined())
        case .file(let sender, let name, let size):
            let sender = SafeText(untrusted: sender)
            return ["\(sender) sends the file \(SafeText(untrusted: name)), \(size) bytes"]
        case .unreadable: return ["a piece of a file that cannot be read"]
        }
    }

    /// What was left out.
    static func remarks(_ report: CaptureReport) -> [SafeText] {
        var lines: [SafeText] = []
        if report.endsEarly { lines.append("-- the capture ends in the middle of a packet") }
        if report.fragments > 0 {
            lines.append("-- packets left out as parts of cut ones: \(report.fragments)")
        }
        if report.unknownLinks > 0 {
            lines.append("-- packets left out for their kind of link: \(report.unknownLinks)")
        }
        if report.isOverLimit {
            lines.append("-- there is more than is read at once; cut the capture with editcap")
        }
        return lines
    }

    /// Seconds with six places, as Wireshark shows time.
    private static func seconds(_ nanoseconds: Int64) -> SafeText {
        let magnitude = nanoseconds.magnitude / 1000
        let places = String(magnitude % 1_000_000)
        let filling = String(repeating: "0", count: 6 - places.utf8.count)
        let sign = nanoseconds < 0 ? "-" : ""
        return SafeText(untrusted: "\(sign)\(magnitude / 1_000_000).\(filling)\(places)")
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .microseconds(100)).rounded(.up))
        return "\(tenths / 10).\(tenths % 10)"
    }
}
