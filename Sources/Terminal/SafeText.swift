import SafeScalars

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
        self.init(clean: SafeScalars.clean(text.unicodeScalars))
    }

    /// Cleans bytes from anywhere; what is not UTF-8 becomes replacement characters.
    package init(untrusted bytes: some Collection<UInt8>) {
        self.init(untrusted: String(decoding: bytes, as: UTF8.self))
    }

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
        return lines.map { SafeText(clean: SafeScalars.clean($0)) }
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
