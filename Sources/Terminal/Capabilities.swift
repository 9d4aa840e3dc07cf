/// What the terminal can do: first guessed from the environment, then learnt from its answers.
package struct Capabilities: Hashable, Sendable {
    package enum ColorDepth: Int, Comparable, Hashable, Sendable {
        case none, sixteen, palette256, trueColor
        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What the terminal does to its lines when its width changes.
    package enum Resizing: Hashable, Sendable {
        /// Cuts them off or leaves them: assumed of every terminal that is not known to re-wrap.
        case clips
        case rewraps
    }

    package enum Notifications: Hashable, Sendable { case bell, osc9, osc777, osc99 }

    package var colors: ColorDepth
    /// False when the locale says so: then nothing but ASCII is written, since a byte of another
    /// letter could be a control there.
    package var isUTF8: Bool
    /// True when nothing but lines may be written: no movement, no colour.
    package var isDumb: Bool
    package var isInTmux: Bool
    package var resizing: Resizing
    package var notifications: Notifications
    /// True when the terminal may be asked about itself: some show the question as text.
    package var answersQueries: Bool
    /// Frames may be marked so that they appear at once (mode 2026).
    package var synchronizesOutput = false
    /// Clusters may be taken as one sign (mode 2027).
    package var knowsClusters = false
    /// The kitty keyboard protocol is there.
    package var knowsKittyKeyboard = false
    /// Pastes come with markers; nil while nobody knows.
    package var marksPastes: Bool?
    /// True on a dark background, false on a light one, nil while nobody knows.
    package var isDark: Bool?
    /// What the terminal calls itself.
    package var version: String?

    /// How text is measured on this terminal.
    package var width: CellWidth { CellWidth(isByCluster: knowsClusters) }

    /// Guesses from what the environment says.
    ///
    /// - Parameters:
    ///   - environment: `TERM`, `COLORTERM`, `NO_COLOR`, `CLICOLOR_FORCE`, `TMUX`, `TERM_PROGRAM`,
    ///     `VTE_VERSION`, `WT_SESSION`, `KITTY_WINDOW_ID`, `LC_ALL`, `LC_CTYPE` and `LANG` count.
    ///   - isTerminal: whether the output goes to one.
    package init(environment: [String: String], isTerminal: Bool) {
        let term = environment["TERM"] ?? ""
        isDumb = !isTerminal || term.isEmpty || term == "dumb"
        isInTmux = !(environment["TMUX"] ?? "").isEmpty || term.hasPrefix("tmux")
        isUTF8 = Self.isUTF8(environment)
        let program = Self.program(environment)
        colors = Self.colors(environment, term: term, program: program, isDumb: isDumb)
        resizing = Self.rewrapping.contains { program.hasPrefix($0) } ? .rewraps : .clips
        notifications = Self.notifications(program)
        answersQueries = !isDumb && Self.answers(term: term, environment)
        if isInTmux { resizing = .rewraps }
    }

    /// Takes in what the terminal answered.
    package mutating func learn(_ reply: TerminalReply) {
        switch reply {
        case .mode(2004, let state): marksPastes = state.isUsable
        case .mode(2026, let state): synchronizesOutput = state.isUsable
        case .mode(2027, let state): knowsClusters = state.isUsable
        case .keyboard: knowsKittyKeyboard = true
        case .background(let red, let green, let blue):
            isDark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
        case .version(let text): learn(version: text)
        case .mode, .cursor, .attributes, .secondaryAttributes: break
        }
    }

    private mutating func learn(version text: String) {
        version = text
        let name = text.lowercased()
        if Self.rewrapping.contains(where: { name.hasPrefix($0) }) { resizing = .rewraps }
        // Within tmux it is the terminal outside that shows notifications.
        if !isInTmux, Self.notifications(name) != .bell {
            notifications = Self.notifications(name)
        }
    }

    /// What to ask: paste markers, output in frames, clusters, the keyboard, the background, the
    /// name, and at last what everybody answers, so that one knows when all is said.
    package static let questions =
        "\u{1B}[?2004$p\u{1B}[?2026$p\u{1B}[?2027$p\u{1B}[?u\u{1B}]11;?\u{1B}\\\u{1B}[>q\u{1B}[c"
}

extension Capabilities {
    /// Terminals that wrap their lines anew when the width changes, by the names that they give
    /// themselves.
    private static let rewrapping = [
        "tmux", "kitty", "wezterm", "foot", "ghostty", "iterm", "vte", "windows terminal",
        "alacritty",
    ]

    /// The terminal's name as its own environment variables tell it, in lower case.
    private static func program(_ environment: [String: String]) -> String {
        if let name = environment["TERM_PROGRAM"], !name.isEmpty { return name.lowercased() }
        if environment["VTE_VERSION"] != nil { return "vte" }
        if environment["WT_SESSION"] != nil { return "windows terminal" }
        if environment["KITTY_WINDOW_ID"] != nil { return "kitty" }
        let term = environment["TERM"] ?? ""
        return term.hasPrefix("xterm-") ? String(term.dropFirst(6)) : term
    }

    private static func notifications(_ name: String) -> Notifications {
        if ["iterm", "wezterm", "windows terminal"].contains(where: { name.hasPrefix($0) }) {
            return .osc9
        }
        if ["foot", "vte", "ghostty"].contains(where: { name.hasPrefix($0) }) { return .osc777 }
        return name.hasPrefix("kitty") ? .osc99 : .bell
    }

    private static func colors(
        _ environment: [String: String], term: String, program: String, isDumb: Bool
    ) -> ColorDepth {
        let isForced = !["", "0"].contains(environment["CLICOLOR_FORCE"] ?? "")
        if !(environment["NO_COLOR"] ?? "").isEmpty { return .none }
        if isDumb { return isForced ? .sixteen : .none }
        if ["truecolor", "24bit"].contains(environment["COLORTERM"]?.lowercased() ?? "") {
            return .trueColor
        }
        if term.contains("direct") || program == "kitty" || program == "ghostty" {
            return .trueColor
        }
        return term.contains("256color") || program == "alacritty" || program == "foot"
            ? .palette256 : .sixteen
    }

    /// As the C library does: the first that is set counts. Where none is, as in a container, the
    /// terminal is one of this century.
    private static func isUTF8(_ environment: [String: String]) -> Bool {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"]
        guard let locale = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty })
        else { return true }
        let codeset = locale.lowercased()
        return codeset.contains("utf-8") || codeset.contains("utf8")
    }

    /// Only families that are known to take a question without showing a part of it: the Linux
    /// console and Apple's Terminal print the `p`.
    private static func answers(term: String, _ environment: [String: String]) -> Bool {
        if environment["TERM_PROGRAM"] == "Apple_Terminal" { return false }
        let families = [
            "xterm", "tmux", "screen", "foot", "alacritty", "wezterm", "ghostty", "contour",
        ]
        return families.contains { term.hasPrefix($0) }
    }
}
