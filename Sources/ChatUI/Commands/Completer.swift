import Client
import Terminal

/// What Tab offers for the text before the cursor. A pure value but for the look into folders.
struct Completer {
    enum Answer: Equatable {
        case nothing
        /// Each in the place of so many characters before the cursor.
        case candidates([String], replacing: Int)
        /// Why there is none.
        case hint(SafeText)
    }

    let model: RoomModel
    let lister: FolderLister

    func complete(_ before: String) -> Answer {
        guard before.utf8.first == UInt8(ascii: "/"), !before.utf8.contains(0x0A),
            !before.utf8.starts(with: "//".utf8)
        else { return mention(before) }
        guard let space = before.utf8.firstIndex(of: 0x20) else {
            let names = Command.names.filter { $0.utf8.starts(with: before.utf8) }
            return Self.answer(names.map { $0 + " " }, for: before)
        }
        let command = String(Substring(before.utf8[..<space]))
        let rest = String(Substring(before.utf8[before.utf8.index(after: space)...]))
        switch command {
        case "/send": return file(rest)
        case "/verify", "/remove": return person(rest)
        case "/admit", "/refuse": return newcomer(rest)
        case "/notify":
            let levels = NotifyLevel.allCases.map(\.rawValue).filter { $0.hasPrefix(rest) }
            return Self.answer(levels, for: rest)
        case "/me", "/search": return mention(rest, isAtStart: false)
        default: return .nothing
        }
    }

    private static func answer(_ candidates: [String], for typed: String) -> Answer {
        candidates.isEmpty ? .nothing : .candidates(candidates, replacing: typed.count)
    }

    /// Somebody's name within what is said: `ann: ` at the start of a line.
    private func mention(_ before: String, isAtStart: Bool? = nil) -> Answer {
        let start = before.utf8.lastIndex { $0 == 0x20 || $0 == 0x0A }
            .map { before.utf8.index(after: $0) }
        let word = String(Substring(before.utf8[(start ?? before.startIndex)...]))
        guard !word.isEmpty else { return .nothing }
        let end = (isAtStart ?? (start == nil)) ? ": " : ""
        let sign = word.utf8.first == UInt8(ascii: "@") ? "@" : ""
        let names = names(beginning: String(word.dropFirst(sign.count)))
        return Self.answer(names.map { sign + $0 + end }, for: word)
    }

    /// Names as they are addressed, each once.
    private func names(beginning typed: String) -> [String] {
        let wanted = typed.lowercased()
        var names: [String] = []
        for person in model.people.others where !person.name.isEmpty {
            let name = model.people.address(of: person).string
            if name.lowercased().hasPrefix(wanted), !names.contains(name) { names.append(name) }
        }
        return names
    }

    private func person(_ rest: String) -> Answer {
        Self.answer(names(beginning: rest), for: rest)
    }

    private func newcomer(_ rest: String) -> Answer {
        let names = model.newcomers.map { RoomModel.name($0).string }
        return Self.answer(names.filter { $0.hasPrefix(rest) }, for: rest)
    }

    // MARK: Files

    /// The last word as a file, and after the first as a name, too.
    private func file(_ rest: String) -> Answer {
        let (typed, word) = Self.lastWord(of: rest)
        let isFirst = typed.count == rest.count
        let sign = word.utf8.first == UInt8(ascii: "@") ? "@" : ""
        let people = isFirst ? [] : self.names(beginning: String(word.dropFirst(sign.count)))
        let names = people.map { Words.quoted(sign + $0) + " " }
        guard let files = files(word) else {
            if !names.isEmpty { return .candidates(names, replacing: typed.count) }
            let places = lister.roots.map { SafeText(untrusted: $0) }.joined(separator: ", ")
            return .hint(
                "files are sent from \(places) only; start with --share FOLDER to send from others")
        }
        return Self.answer(files + names, for: typed)
    }

    private func files(_ word: String) -> [String]? {
        let (folder, name) = FolderLister.split(word)
        guard let entries = lister.entries(in: folder) else {
            // Outside, but on the way to where one may: the first step is offered.
            guard folder.isEmpty else { return nil }
            let roots = lister.roots.filter { $0.hasPrefix(word) }
            return roots.isEmpty ? nil : roots.map { Words.quoted($0) + "/" }
        }
        // A name with a line end in it would make a message of the command.
        let matching = entries.filter { entry in
            entry.name.utf8.starts(with: name.utf8) && entry.name.utf8.allSatisfy { $0 >= 0x20 }
        }
        return matching.map { entry in
            let path = folder + entry.name
            return entry.isFolder ? Self.open(path + "/") : Words.quoted(path) + " "
        }
    }

    /// A word to be gone on with: its quote is not closed yet.
    private static func open(_ word: String) -> String {
        let quoted = Words.quoted(word)
        return quoted == word ? word : String(quoted.dropLast())
    }

    /// What was typed of the last word, and what it means.
    private static func lastWord(of text: String) -> (typed: String, word: String) {
        var typed = ""
        var word = ""
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in text.unicodeScalars {
            typed.unicodeScalars.append(scalar)
            if isEscaped {
                word.unicodeScalars.append(scalar)
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if quote == scalar {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if quote == nil, scalar == " " || scalar == "\t" {
                (typed, word) = ("", "")
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        return (typed, word)
    }
}
