import Terminal

/// What a typed line asks for.
package enum Command: Equatable, Sendable {
    case say(String)
    /// What one does rather than says.
    case act(String)
    /// Files and people, in any order after the first file: who of them is meant is found out with
    /// the room and the folders at hand.
    case send([String])
    case accept(Int?)
    case decline(Int?)
    case cancel(Int?)
    /// Where a file that came lies: by number, or the newest.
    case open(Int?)
    /// Shows the number to compare, or sets the mark.
    case verify(String, mark: Bool?)
    case remove(String)
    /// Nil for the only one who asks.
    case admit(String?)
    case refuse(String?)
    case name(String)
    case show(Int?)
    case search(String)
    case notify(NotifyLevel?, withText: Bool)
    case who, invite, transfers, help, clear, quit
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
            self = .say(String(Substring(bytes.dropFirst())))
            return
        }
        let end = bytes.firstIndex { $0 == 0x20 || $0 == 0x09 } ?? bytes.endIndex
        let rest = Self.trimmed(bytes[end...])
        self = try Self.command(String(Substring(bytes[..<end])), rest)
    }

    private static func command(_ name: String, _ rest: String) throws(CommandError) -> Command {
        switch name {
        case "/send":
            let words = try Words.split(rest)
            if words.isEmpty { throw .send }
            return .send(words)
        case "/accept": return .accept(try number(rest, name))
        case "/decline": return .decline(try number(rest, name))
        case "/cancel": return .cancel(try number(rest, name))
        case "/open": return .open(try number(rest, name))
        case "/show": return .show(try number(rest, name))
        case "/verify": return try verify(rest)
        case "/remove": return .remove(try required(rest, name, "the name of somebody here"))
        case "/admit": return .admit(try optional(rest))
        case "/refuse": return .refuse(try optional(rest))
        case "/name": return .name(try required(rest, name, "the name to go by from now on"))
        case "/me": return .act(try required(rest, name, "what you do, as in /me waves"))
        case "/search": return .search(try required(rest, name, "the words to look for"))
        case "/notify": return try notify(rest)
        default: return try plain(name)
        }
    }

    private static func plain(_ name: String) throws(CommandError) -> Command {
        switch name {
        case "/who": return .who
        case "/invite": return .invite
        case "/transfers": return .transfers
        case "/help": return .help
        case "/clear": return .clear
        case "/quit", "/exit": return .quit
        default: throw .unknown(name, nearest: NearestWord.to(name, among: names))
        }
    }

    /// Every command, as it is completed and as it is listed.
    package static let names = [
        "/accept", "/admit", "/cancel", "/clear", "/decline", "/help", "/invite", "/me", "/name",
        "/notify", "/open", "/quit", "/refuse", "/remove", "/search", "/send", "/show",
        "/transfers", "/verify", "/who",
    ]

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        let blank: Set<UInt8> = [0x20, 0x09]
        var rest = bytes.drop { blank.contains($0) }
        while let last = rest.last, blank.contains(last) { rest = rest.dropLast() }
        return String(Substring(rest))
    }

    private static func number(_ rest: String, _ name: String) throws(CommandError) -> Int? {
        if rest.isEmpty { return nil }
        guard let number = Int(rest), number > 0 else { throw .number(name) }
        return number
    }

    /// Everything after the command, without the quotes around it.
    private static func optional(_ rest: String) throws(CommandError) -> String? {
        let isQuoted = rest.utf8.first == 0x22 || rest.utf8.first == 0x27
        let text = isQuoted ? try Words.split(rest).joined(separator: " ") : rest
        return text.isEmpty ? nil : text
    }

    private static func required(
        _ rest: String, _ name: String, _ what: String
    ) throws(CommandError) -> String {
        // Only names are quoted; what is said or searched keeps its quotes.
        let isName = name == "/remove"
        guard let text = isName ? try optional(rest) : rest, !text.isEmpty else {
            throw .missing(name, what)
        }
        return text
    }

    private static func verify(_ rest: String) throws(CommandError) -> Command {
        let usage = "the name of somebody here, and after comparing yes or no"
        var words = rest.utf8.split(separator: 0x20).map { String(Substring($0)) }
        let marks = ["yes": true, "no": false]
        var mark: Bool?
        if words.count > 1, let last = words.last, let known = marks[last.lowercased()] {
            mark = known
            words.removeLast()
        }
        guard let name = try optional(words.joined(separator: " ")) else {
            throw .missing("/verify", usage)
        }
        return .verify(name, mark: mark)
    }

    private static func notify(_ rest: String) throws(CommandError) -> Command {
        let words = rest.utf8.split(separator: 0x20).map { String(Substring($0)) }
        guard let first = words.first else { return .notify(nil, withText: false) }
        guard let level = NotifyLevel(rawValue: first), words.count <= 2,
            words.count == 1 || words[1] == "text"
        else { throw .notify }
        return .notify(level, withText: words.count == 2)
    }
}

/// What a person wants to be told of while they look elsewhere.
package enum NotifyLevel: String, CaseIterable, Sendable {
    case all, mentions, none
}

/// Words as a shell splits them: quotes and backslashes keep spaces.
enum Words {
    static func split(_ line: String) throws(CommandError) -> [String] {
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

    /// A word that `split` gives back as it is.
    static func quoted(_ word: String) -> String {
        let special: Set<Unicode.Scalar> = [" ", "\t", "'", "\"", "\\"]
        guard word.isEmpty || word.unicodeScalars.contains(where: special.contains) else {
            return word
        }
        let escaped = word.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return "\"\(escaped)\""
    }
}

/// What is wrong with a command.
package enum CommandError: Error, Equatable {
    case unknown(String, nearest: String?)
    case send
    case number(String)
    case missing(String, String)
    case notify
    case openQuote

    /// One sentence that says what to type instead.
    package var sentence: String {
        switch self {
        case .unknown(let name, let nearest?): "there is no \(name); did you mean \(nearest)?"
        case .unknown(let name, nil):
            "there is no \(name); /help lists the commands, and //… says a line that begins with /"
        case .send:
            "write /send and files, then names if they are not for all; quote a path that has spaces"
        case .number(let name): "write \(name) and one number, as in \(name) 1"
        case .missing(let name, let what): "write \(name) and \(what)"
        case .notify: "write /notify all, mentions or none, and text to see what was said, too"
        case .openQuote: "a quote is not closed, or the last \\ has nothing after it"
        }
    }
}
