import Foundation

/// The command line as it came, for what the parser does not see.
enum Arguments {
    /// What the parser answers instead of running a command.
    private static let questions: Set<String> = [
        "-h", "--help", "-help", "--help-hidden", "-help-hidden", "--version",
        "--experimental-dump-help",
    ]

    private static var words: ArraySlice<String> { CommandLine.arguments.dropFirst() }

    /// True when help or the version was asked for. The parser also takes `-hello` for a question: `-h`
    /// and some more letters.
    static var wantAnswer: Bool { isQuestion(words) }

    static func isQuestion(_ words: ArraySlice<String>) -> Bool {
        if words.first == "help" { return true }
        guard textLikeOption(words) == nil else { return false }
        return words.contains {
            questions.contains($0) || $0.hasPrefix("--generate-completion-script")
        }
    }

    /// What to do with a text that begins like an option; nil when there is none.
    static var textHint: String? {
        textLikeOption(words) == nil
            ? nil
            : "a text that begins with - comes after --, as in: chatbox send LINK -- '-5 degrees'"
    }

    /// The word after the link of `send` that has the place of a text and the look of an option.
    static func textLikeOption(_ words: ArraySlice<String>) -> String? {
        guard words.first == "send" else { return nil }
        let afterLink = words.drop { !$0.hasPrefix("chatbox://") }.dropFirst()
        return afterLink.prefix { $0 != "--" }.first { $0.hasPrefix("-") }
    }

    /// Arguments are bytes. In what is not UTF-8 some would be replaced without a word, and what is
    /// said, opened or made would be something else.
    static func refuseMangled() throws(Problem) {
        var isFile = false
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index] else { continue }
            guard String(validatingCString: word) != nil else {
                let shown = String(cString: word)
                throw isFile
                    ? Problem(
                        .noInput, "the path \(shown) is not UTF-8; rename the file, then send it")
                    : Problem(.usage, "the argument \(shown) is not UTF-8; write it in UTF-8")
            }
            isFile = strcmp(word, "--file") == 0
        }
    }
}
