import Terminal

/// `/help`: grouped, on one screen of 24 rows.
enum HelpText {
    static let lines: [StyledText] = [
        "\("Talk", .strong)     what you type is said to the room; //text says /text",
        row("/me WAVES", "what you do rather than say"),
        row("/search WORDS", "finds what was said in this session"),
        row("/show [N]", "a message that was too long for the screen"),
        "\("Files", .strong)    names at the end: for these people only, else for the room",
        row("/send FILE… [NAME…]", "offers files"),
        row("/accept /decline [N]", "takes, or refuses, what is offered as N"),
        row("/cancel [N]", "ends a transfer, or takes an offer back"),
        row("/transfers /open [N]", "what is under way; where a file lies"),
        "\("People", .strong)   of two with one name, name#tag is meant",
        row("/who", "who is here, and who has what you said last"),
        row("/verify NAME [yes|no]", "the number to compare; yes when it is the same"),
        row("/invite", "the link by which others come in"),
        row("/admit /refuse [NAME]", "lets in, or turns away, who asks"),
        row("/remove NAME", "puts somebody out, and changes the link"),
        "\("You", .strong)",
        row("/name NAME", "another name for yourself"),
        row("/notify all|mentions|none", "what rings while you look elsewhere"),
        row("/clear /quit /help", "an empty screen; leaves, as Ctrl-D does; this"),
        "\("Keys", .strong)     Tab completes, Alt-Enter breaks the line, Ctrl-R looks back",
    ]

    private static let column = 27

    private static func row(_ command: SafeText, _ meaning: SafeText) -> StyledText {
        let gap =
            ("  " as SafeText)
            + (" " as SafeText).repeated(column - 2 - command.string.count)
        return "  \(command)\(gap)\(meaning, .quiet)"
    }
}
