package import Terminal

/// Makes words of what is told: no colour, no column, no box, each line by itself. For pipes, for
/// terminals that can do nothing, and for readers of the screen.
package struct PlainLines: Sendable {
    package enum Style: Sendable {
        /// For other programs: `ann: hello`.
        case pipe
        /// For people who hear it: `ann says: hello`.
        case words
    }

    let style: Style

    package init(_ style: Style) { self.style = style }

    /// The lines of one thing, whose later lines cannot look like another's.
    package func lines(of told: Told) -> [SafeText] {
        switch told {
        case .said(let said): return lines(of: said)
        case .quiet(let text), .notice(let text): return [notice + text.text]
        case .answer(let text): return [text.text]
        case .warning(let text): return [notice + "WARNING: " + text]
        case .error(let text): return ["error: " + text]
        case .bare(let text): return [text]
        }
    }

    private var notice: SafeText { style == .pipe ? "-- " : "" }

    private func lines(of said: Said) -> [SafeText] {
        SafeText.lines(untrusted: said.text).enumerated().map { number, line in
            number == 0 ? head(of: said) + line : "    " + line
        }
    }

    private func head(of said: Said) -> SafeText {
        let verified: SafeText = said.isVerified ? " (verified)" : ""
        return switch (style, said.isAction) {
        case (.pipe, false): "\(said.name): "
        case (.pipe, true): "* \(said.name) "
        case (.words, false): "\(said.name)\(verified) says: "
        // Not as a bare sentence, which could be taken for one of this program's.
        case (.words, true): "\(said.name)\(verified) does: "
        }
    }
}
