/// What a person did at the keyboard.
package enum Key: Hashable, Sendable {
    /// Typed text, at least one scalar; controls never come this way.
    case text(String)
    /// Pasted text: line ends are `\n`, tabs stay, every other control is gone.
    case paste(String)
    case enter, backspace, delete, left, right, up, down, home, end
    /// Ctrl with a letter, in lower case. Enter, Tab and Backspace are keys of their own.
    case control(Character)
    case tab, escape
    /// A key or an answer of the terminal that nothing is bound to.
    case unknown
}
