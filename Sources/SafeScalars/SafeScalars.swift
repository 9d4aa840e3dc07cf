/// Makes text harmless to a terminal, one scalar after the other: nothing that controls, reorders, hides
/// or floods what is around it. `SafeText` is made by it, and what a name looks like (`ShownName`), so
/// that both agree. The tests hold the table of what becomes of what.
package enum SafeScalars {
    /// Marks, joiners and modifiers on one base: the most any script or emoji needs.
    private static let maximumExtenders = 8
    /// Scalars of one cluster: a family of four with skin tones has eleven, a long conjunct ten.
    private static let maximumScalars = 24
    private static let tab = "    "

    package static func clean(_ scalars: String.UnicodeScalarView) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        var extenders = 0
        for scalar in scalars {
            switch ScalarKind(scalar) {
            case .plain:
                if previous != "\u{200D}" { extenders = 0 }
                result.append(scalar)
                previous = scalar
            case .tab:
                result.append(contentsOf: tab.unicodeScalars)
                (previous, extenders) = (" ", 0)
            case .shown(let sign):
                result.append(sign)
                (previous, extenders) = (sign, 0)
            case .mark:
                extenders += 1
                if extenders > maximumExtenders { continue }
                // A mark with nothing before it would sit on what stands before this text.
                if previous == nil { result.append("\u{25CC}") }
                result.append(scalar)
                previous = scalar
            case .joiner:
                extenders += 1
                guard extenders <= maximumExtenders, let last = previous, joins(last) else {
                    continue
                }
                result.append(scalar)
                previous = scalar
            case .dropped: continue
            }
        }
        // A joiner at the end would join what comes after this text.
        while let last = result.last, isJoiner(last) { result.removeLast() }
        return bounded(String(result))
    }

    /// Some scripts make one cluster of any number of letters (conjuncts, Hangul of single letters),
    /// which could then not be broken at the end of a row.
    private static func bounded(_ text: String) -> String {
        guard text.contains(where: { $0.unicodeScalars.count > maximumScalars }) else {
            return text
        }
        return text.reduce(into: "") { result, character in
            var scalars = String.UnicodeScalarView(character.unicodeScalars.prefix(maximumScalars))
            while let last = scalars.last, isJoiner(last) { scalars.removeLast() }
            result.unicodeScalars += scalars
        }
    }

    /// Zero-width joiner and non-joiner.
    package static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{200D}" || scalar == "\u{200C}"
    }

    /// True for what a joiner or an emoji selector can follow with a meaning: letters outside
    /// ASCII, emoji and their keycap bases, not another joiner.
    private static func joins(_ scalar: Unicode.Scalar) -> Bool {
        !isJoiner(scalar) && (scalar.properties.isEmoji || scalar.value > 0x7F)
    }
}

/// What one scalar is to a terminal.
private enum ScalarKind {
    case plain, tab, mark, joiner, dropped
    case shown(Unicode.Scalar)

    init(_ scalar: Unicode.Scalar) {
        let value = scalar.value
        switch value {
        case 0x20...0x7E: self = .plain
        case 0x09: self = .tab
        case 0x00...0x1F: self = .shown(Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}")
        case 0x7F: self = .shown("\u{2421}")
        case 0x80...0x9F: self = .shown("\u{FFFD}")
        case 0x2028, 0x2029: self = .shown("\u{2424}")
        // Joiners between letters and emoji, and the choice between text and emoji.
        case 0x200C, 0x200D, 0xFE0E, 0xFE0F: self = .joiner
        default: self = Self.byProperties(scalar)
        }
    }

    private static func byProperties(_ scalar: Unicode.Scalar) -> ScalarKind {
        let properties = scalar.properties
        // Bidirectional controls, tags, fillers, soft hyphen: what is not seen is not shown.
        if properties.isDefaultIgnorableCodePoint || properties.isBidiControl { return .dropped }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return .shown("\u{FFFD}")
        case .privateUse, .unassigned, .surrogate: return .shown("\u{25A1}")
        case .nonspacingMark, .enclosingMark, .spacingMark: return .mark
        case .modifierSymbol where properties.isEmojiModifier: return .mark
        default: return .plain
        }
    }
}
