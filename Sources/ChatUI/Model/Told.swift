package import Terminal

/// One thing that is told a person, once, whatever it comes to look like: `Page` makes rows for a
/// terminal of it, `PlainLines` words.
package enum Told: Hashable, Sendable {
    /// What somebody said or did.
    case said(Said)
    /// Comings and goings, days, gaps: there for who looks for it.
    case quiet(StyledText)
    /// What a person should know, or has to answer.
    case notice(StyledText)
    /// What a person asked for.
    case answer(StyledText)
    /// What must not be overlooked.
    case warning(SafeText)
    /// What was not done, and why.
    case error(SafeText)
    /// A line by itself, to be copied.
    case bare(SafeText)
}

/// What somebody said, with all that is needed to show it.
package struct Said: Hashable, Sendable {
    package var time: WallTime
    /// The sender's name as it is shown to tell them from everybody else.
    package var name: SafeText
    package var color: NamePalette.Index
    package var isVerified = false
    package var isMine = false
    /// What the sender does rather than says.
    package var isAction = false
    /// As it came.
    package var text: String
    /// The name that stands out in it: the reader's own.
    package var mention: SafeText?
}

extension Told {
    static func notices(_ lines: [SafeText]) -> [Told] { lines.map { .notice(StyledText($0)) } }
    static func answers(_ lines: [SafeText]) -> [Told] { lines.map { .answer(StyledText($0)) } }
}
