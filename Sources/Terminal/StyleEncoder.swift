/// Makes of styled text what a terminal is sent. Every piece ends with the style reset, so nothing
/// runs over into what follows.
package struct StyleEncoder: Hashable, Sendable {
    private let colors: Capabilities.ColorDepth
    private let hasStyles: Bool
    private let isUTF8: Bool
    private let isDark: Bool?

    package init(_ capabilities: Capabilities) {
        colors = capabilities.colors
        hasStyles = !capabilities.isDumb || colors > .none
        isUTF8 = capabilities.isUTF8
        isDark = capabilities.isDark
    }

    package func encode(_ text: StyledText) -> String {
        text.spans.reduce(into: "") { $0 += encode($1.text, $1.style) }
    }

    /// The text alone, in what the terminal's locale can show.
    package func encode(_ text: SafeText) -> String {
        isUTF8 ? text.string : String(text.string.map(Self.ascii))
    }

    private func encode(_ text: SafeText, _ style: Style) -> String {
        let codes = hasStyles ? codes(of: style) : []
        if codes.isEmpty { return encode(text) }
        return "\u{1B}[\(codes.joined(separator: ";"))m\(encode(text))\u{1B}[0m"
    }

    private func codes(of style: Style) -> [String] {
        var codes: [String] = []
        if style.attributes.contains(.bold) { codes.append("1") }
        if style.attributes.contains(.dim) { codes.append("2") }
        if style.attributes.contains(.underline) { codes.append("4") }
        if style.attributes.contains(.reverse) { codes.append("7") }
        guard colors > .none else { return codes }
        switch style.color {
        case .standard: break
        case .red: codes.append("31")
        case .green: codes.append("32")
        case .yellow: codes.append("33")
        case .cyan: codes.append("36")
        case .name(let index):
            codes.append(NamePalette.code(of: index, colors, isDark: isDark))
        }
        return codes
    }

    /// One sign for one cluster, never wider than it.
    private static func ascii(_ character: Character) -> Character {
        if character.isASCII { return character }
        return substitutes[character] ?? "?"
    }

    private static let substitutes: [Character: Character] = [
        "‘": "'", "’": "'", "“": "\"", "”": "\"", "–": "-", "—": "-", "…": ".", "•": "*", "·": "*",
        "█": "#", "▌": "#", "─": "-", "│": "|", "↓": "v", "↑": "^", "→": ">", "←": "<", "✓": "+",
        "⏎": "|", "\u{A0}": " ",
    ]
}
