/// One line of text that can do nothing to a terminal but be read: no control, no escape, nothing
/// that reorders, hides or floods what is around it.
///
/// There are two ways to have one: out of anybody's text through the cleaner, or as a literal in
/// this program's source. A screen and a log take nothing else.
package struct SafeText: Hashable, Sendable {
    /// The text, safe to be written to a terminal.
    package private(set) var string: String

    fileprivate init(clean: String) { string = clean }

    /// By bytes: what looks the same need not be.
    package static func == (left: SafeText, right: SafeText) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in string.utf8 { hasher.combine(byte) }
    }

    /// Cleans text from anywhere and makes one line of it: line ends become visible signs.
    package init(untrusted text: String) {
        self.init(clean: SafeTextCleaner.clean(text.unicodeScalars))
    }

    /// Cleans bytes from anywhere; what is not UTF-8 becomes replacement characters.
    package init(untrusted bytes: some Collection<UInt8>) {
        self.init(untrusted: String(decoding: bytes, as: UTF8.self))
    }

    /// Cleans a person's name: besides, no space around it, no run of spaces, at most
    /// `maximumName` cells.
    package init(name: String) {
        let words = SafeTextCleaner.clean(name.unicodeScalars)
            .split { $0 == " " || $0 == "\u{2800}" || $0.isWhitespace }
        self = SafeText(clean: words.joined(separator: " ")).fitting(columns: Self.maximumName)
    }

    /// Cells of a name that are shown: more would leave no room for what is said.
    package static let maximumName = 32

    /// True when letters of Latin, Greek and Cyrillic, which have look-alikes in each other, stand
    /// together: a name of this kind should be marked.
    package var mixesScripts: Bool {
        let scripts = [UnicodeTables.latin, UnicodeTables.greek, UnicodeTables.cyrillic]
        return scripts.count { script in
            string.unicodeScalars.contains { script.holds($0.value) }
        } > 1
    }

    /// Cleans text of several lines: each line by itself.
    package static func lines(untrusted text: String) -> [SafeText] {
        // "\r\n" is one end of a line; by scalars, since it is also one `Character`.
        var lines = [String.UnicodeScalarView()]
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append(.init())
            default: lines[lines.count - 1].append(scalar)
            }
            previous = scalar
        }
        return lines.map { SafeText(clean: SafeTextCleaner.clean($0)) }
    }

    package var isEmpty: Bool { string.isEmpty }

    package static func + (left: SafeText, right: SafeText) -> SafeText {
        SafeText(clean: left.string + right.string)
    }

    package mutating func append(_ more: SafeText) { string += more.string }

    /// Cluster by cluster: what a person takes for one sign.
    package var clusters: some Sequence<SafeText> {
        string.lazy.map { SafeText(clean: String($0)) }
    }

    /// So many bytes from the beginning, or fewer so as not to split a scalar.
    func prefix(bytes: Int) -> SafeText { SafeText(clean: String(string[..<index(ofByte: bytes)])) }

    /// What comes after so many bytes.
    func suffix(fromByte start: Int) -> SafeText {
        SafeText(clean: String(string[index(ofByte: start)...]))
    }

    private func index(ofByte byte: Int) -> String.Index {
        let utf8 = string.utf8
        return utf8.index(utf8.startIndex, offsetBy: max(0, byte), limitedBy: utf8.endIndex)
            ?? utf8.endIndex
    }

    /// This text again and again, for a bar or an indent.
    package func repeated(_ count: Int) -> SafeText {
        SafeText(clean: String(repeating: string, count: max(0, count)))
    }

    /// Only the first characters that fit into so many columns.
    package func fitting(columns: Int) -> SafeText {
        var room = columns
        let kept = string.prefix { character in
            room -= CellWidth().most(character)
            return room >= 0
        }
        return SafeText(clean: String(kept))
    }
}

extension SafeText: ExpressibleByStringInterpolation {
    /// A literal of this program's source: a `StaticString` cannot be made at run time.
    package init(stringLiteral value: StaticString) { self.init(clean: value.description) }

    /// Literals, safe texts and numbers; anything else has to go through the cleaner first.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {}
        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        package mutating func appendInterpolation(_ text: SafeText) { self.text += text.string }
        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            text += String(number)
        }
    }

    package init(stringInterpolation: StringInterpolation) {
        self.init(clean: stringInterpolation.text)
    }
}

extension Sequence<SafeText> {
    /// All of them, with `separator` between.
    package func joined(separator: SafeText) -> SafeText {
        SafeText(clean: map(\.string).joined(separator: separator.string))
    }
}

/// Makes scalars harmless, one after the other. The tests hold the table of what becomes of what.
private enum SafeTextCleaner {
    /// Marks, joiners and modifiers on one base: the most any script or emoji needs.
    private static let maximumExtenders = 8
    /// Scalars of one cluster: a family of four with skin tones has eleven, a long conjunct ten.
    private static let maximumScalars = 24
    private static let tab = "    "

    static func clean(_ scalars: String.UnicodeScalarView) -> String {
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

    private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
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
