/// Tells a person who looks elsewhere that there is something to see.
///
/// The text is safe text, cleaned once more of what could end or steer the sequence that carries
/// it: terminals have run commands out of notifications. Say who spoke, not what was said.
package struct Notification: Hashable, Sendable {
    package var title: SafeText
    package var body: SafeText

    package init(title: SafeText, body: SafeText = "") {
        self.title = title
        self.body = body
    }

    /// What to write: a bell always, since multiplexers and window managers mark the window by it,
    /// and the notification that this terminal understands.
    ///
    /// - Parameters:
    ///   - capabilities: of the terminal that is written to.
    ///   - throughTmux: true to pass the notification on to the terminal outside of tmux, which
    ///     tmux does only where `allow-passthrough` is on.
    package func sequence(_ capabilities: Capabilities, throughTmux: Bool = true) -> String {
        if capabilities.isDumb { return "" }
        var inner = text(capabilities.notifications, isUTF8: capabilities.isUTF8)
        if capabilities.isInTmux {
            // The bell stays outside: tmux counts it. Escapes within are doubled.
            inner =
                throughTmux && !inner.isEmpty ? "\u{1B}Ptmux;\(Self.doubled(inner))\u{1B}\\" : ""
        }
        return "\u{7}" + inner
    }

    private func text(_ kind: Capabilities.Notifications, isUTF8: Bool) -> String {
        let title = Self.clean(title, isUTF8: isUTF8)
        let body = Self.clean(body, isUTF8: isUTF8)
        switch kind {
        case .bell: return ""
        case .osc9:
            // Text that begins with a digit and a semicolon would be a command, as for progress;
            // no semicolon passes the cleaner.
            return "\u{1B}]9;\(body.isEmpty ? title : "\(title): \(body)")\u{1B}\\"
        case .osc777: return "\u{1B}]777;notify;\(title);\(body)\u{1B}\\"
        case .osc99:
            // d=0: more is to come; p=body: this is it. The id makes one of both.
            if body.isEmpty { return "\u{1B}]99;;\(title)\u{1B}\\" }
            return "\u{1B}]99;i=1:d=0;\(title)\u{1B}\\\u{1B}]99;i=1:p=body;\(body)\u{1B}\\"
        }
    }

    /// Characters of a notification: more is not shown anyway.
    private static let maximumLength = 120

    private static func clean(_ text: SafeText, isUTF8: Bool) -> String {
        let kept = text.string.unicodeScalars.filter {
            $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0 != ";" && $0 != "\\"
                && (isUTF8 || $0.isASCII)
        }
        return String(String(String.UnicodeScalarView(kept)).prefix(maximumLength))
    }

    private static func doubled(_ sequence: String) -> String {
        var result = ""
        for scalar in sequence.unicodeScalars {
            if scalar == "\u{1B}" { result.unicodeScalars.append(scalar) }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}
