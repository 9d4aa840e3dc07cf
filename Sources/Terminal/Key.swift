/// What came from a person's keyboard, or from the terminal on the same line.
package enum Key: Hashable, Sendable {
    /// Typed text, at least one scalar; controls never come this way.
    case text(String)
    /// Pasted text, one event whatever its length: line ends are `\n`, tabs stay, every other
    /// control is gone.
    case paste(String)
    case enter
    /// Enter with Alt or Shift, and Ctrl-J: a new line within the text.
    case newline
    case backspace, delete, left, right, up, down, home, end
    case tab, backTab, escape, pageUp, pageDown
    /// An arrow with Ctrl or Alt.
    case wordLeft, wordRight
    /// Backspace and Delete with Ctrl or Alt.
    case wordBackspace, wordDelete
    /// Ctrl with a letter in lower case or one of `_ ] \ ^ @`. Ctrl-H, Ctrl-I, Ctrl-J and Ctrl-M
    /// are Backspace, Tab, a new line and Enter.
    case control(Character)
    /// Alt (or Escape, quickly) with a key that gives text.
    case alt(Character)
    /// The window has the focus now, or has it no more.
    case focus(Bool)
    /// What the terminal answered to a question; never text.
    case reply(TerminalReply)
    /// A key or an answer that nothing is bound to.
    case unknown
}

/// What a terminal says about itself when it is asked.
package enum TerminalReply: Hashable, Sendable {
    /// Where the cursor is, from 1 on (CPR, the answer to `CSI 6 n`).
    case cursor(row: Int, column: Int)
    /// What kind of terminal it is (DA1); every terminal answers this, so it ends a round of
    /// questions.
    case attributes([Int])
    /// Its make and version by number (DA2).
    case secondaryAttributes([Int])
    /// Whether a private mode is on, off or unknown to it (DECRPM).
    case mode(Int, ModeState)
    /// Its name and version in words (XTVERSION), without controls.
    case version(String)
    /// Its colour of the background (OSC 11), each part from 0 to 1.
    case background(red: Double, green: Double, blue: Double)
    /// The flags of the kitty keyboard protocol that are on.
    case keyboard(Int)

    package enum ModeState: Int, Hashable, Sendable {
        case unknown = 0
        case set, reset, permanentlySet, permanentlyReset

        /// True when it may be switched on, or always is.
        package var isUsable: Bool { self == .set || self == .reset || self == .permanentlySet }
    }
}
