package import Terminal

/// What a typed line asks for.
package enum Command: Equatable {
    case say(String)
    case send(path: String, to: String?)
    case accept(Int?)
    case decline(Int?)
    case cancel(Int?)
    case who, invite, transfers, help, quit
    /// An empty line.
    case nothing

    /// A line that begins with `/` is a command; `//` says what follows the first slash. Pasted
    /// text of several lines is never a command.
    package init(parsing line: String) throws(CommandError) {
        let bytes = line.utf8
        guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0x0A), bytes.count > 1 else {
            let isBlank = line.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
            self = isBlank ? .nothing : .say(line)
            return
        }
        if bytes.dropFirst().first == UInt8(ascii: "/") {
            self = .say(String(line.dropFirst()))
            return
        }
        let words = try Self.words(line)
        let name = words[0]
        let rest = Array(words.dropFirst())
        switch name {
        case "/send": self = try Self.send(rest)
        case "/accept": self = .accept(try Self.number(rest, name))
        case "/decline": self = .decline(try Self.number(rest, name))
        case "/cancel": self = .cancel(try Self.number(rest, name))
        case "/who": self = .who
        case "/invite": self = .invite
        case "/transfers": self = .transfers
        case "/help": self = .help
        case "/quit", "/exit": self = .quit
        default: throw .unknown(name, nearest: NearestWord.to(name, among: Self.names))
        }
    }

    private static let names = [
        "/send", "/accept", "/decline", "/cancel", "/who", "/invite", "/transfers", "/help",
        "/quit",
    ]

    private static func send(_ words: [String]) throws(CommandError) -> Command {
        guard let path = words.first, words.count <= 2 else { throw .send }
        return .send(path: path, to: words.count == 2 ? words[1] : nil)
    }

    private static func number(_ words: [String], _ name: String) throws(CommandError) -> Int? {
        guard let word = words.first else { return nil }
        guard words.count == 1, let number = Int(word), number > 0 else { throw .number(name) }
        return number
    }

    /// Words as a shell splits them: quotes and backslashes keep spaces.
    private static func words(_ line: String) throws(CommandError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in line.unicodeScalars {
            if isEscaped {
                word = (word ?? "") + String(scalar)
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if scalar == open { quote = nil } else { word = (word ?? "") + String(scalar) }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? ""
            } else if scalar == " " || scalar == "\t" {
                if let complete = word { words.append(complete) }
                word = nil
            } else {
                word = (word ?? "") + String(scalar)
            }
        }
        guard quote == nil, !isEscaped else { throw .openQuote }
        return words + (word.map { [$0] } ?? [])
    }

    package static let helpLines: [SafeText] = [
        "-- what you type is said to the room; lines that begin with / are commands:",
        "   /send FILE [NAME]   offers a file to the room, or to one person",
        "   /accept [N]         takes the file offered as number N",
        "   /decline [N]        refuses it",
        "   /cancel [N]         ends a transfer, or takes an offer of yours back",
        "   /who                who is in the room",
        "   /invite             the link by which others come in",
        "   /transfers          what is offered and under way",
        "   /quit               leaves the room (so does Ctrl-D)",
        "   //text              says /text",
    ]
}

/// What is wrong with a command.
package enum CommandError: Error, Equatable {
    case unknown(String, nearest: String?)
    case send
    case number(String)
    case openQuote

    /// One sentence that says what to type instead.
    package var sentence: String {
        switch self {
        case .unknown(let name, let nearest?): "there is no \(name); did you mean \(nearest)?"
        case .unknown(let name, nil):
            "there is no \(name); /help lists the commands, and //… says a line that begins with /"
        case .send: "write /send FILE or /send FILE NAME, with quotes around a path that has spaces"
        case .number(let name): "write \(name) and the number of one offer, as in \(name) 1"
        case .openQuote: "a quote is not closed, or the last \\ has nothing after it"
        }
    }
}
