/// A file name that cannot leave the folder, hide, or harm the reader's terminal, whatever it was
/// made from.
///
/// A name made safe again stays as it is. Everything is judged by bytes and scalars: to a
/// `Character`, a slash that carries a combining mark is no slash.
package struct SafeFileName: Hashable, Sendable {
    package let text: String

    /// Bytes of a name: room for ` (99)`, a part's suffix and a file system's limit of 255.
    package static let maximumSize = 200
    /// Bytes of an extension that is kept when a name is cut.
    private static let maximumExtension = 16
    /// Combining marks on one letter: the most any script stacks; a thousand hide the lines above.
    private static let maximumMarks = 8
    /// The name of what has none.
    private static let nameless = "file"

    /// Makes any bytes into such a name.
    package init(untrusted bytes: some Collection<UInt8>) {
        let separators: Set<UInt8> = [UInt8(ascii: "/"), UInt8(ascii: "\\")]
        let last = Array(bytes).split(whereSeparator: separators.contains).last
        let decoded = String(decoding: last ?? [], as: UTF8.self)
        var name = Self.trimmed(Self.cleaned(decoded.unicodeScalars))
        if name.isEmpty { name = Self.nameless }
        if Self.isReserved(name) { name = "_" + name }
        text = Self.distinguishedFromParts(Self.cut(name))
    }

    /// Invisible scalars dropped, unprintable ones replaced (one `_` for a run), every space made
    /// the plain one, floods of combining marks ended.
    private static func cleaned(_ scalars: String.UnicodeScalarView) -> String.UnicodeScalarView {
        var result = String.UnicodeScalarView()
        var marks = 0
        var inRun = false
        for scalar in scalars {
            switch FileNameScalar(scalar) {
            case .dropped: continue
            case .replaced:
                if !inRun { result.append("_") }
                inRun = true
                continue
            case .space: result.append(" ")
            case .mark:
                marks += 1
                if marks <= maximumMarks { result.append(scalar) }
                continue
            case .kept: result.append(scalar)
            }
            inRun = false
            marks = 0
        }
        return result
    }

    /// Without a beginning that makes a hidden file, an option or a home folder of the name, and
    /// without an end that some systems ignore.
    private static func trimmed(_ scalars: String.UnicodeScalarView) -> String {
        let leading: Set<Unicode.Scalar> = [".", "-", "~", " "]
        let trailing: Set<Unicode.Scalar> = [".", " "]
        let rest = scalars.drop { leading.contains($0) || FileNameScalar($0) == .mark }
        guard let end = rest.lastIndex(where: { !trailing.contains($0) }) else { return "" }
        return String(rest[...end])
    }

    /// Device names of Windows, which no extension makes harmless.
    private static func isReserved(_ name: String) -> Bool {
        let stem = name.unicodeScalars.prefix { $0 != "." }
        let last = stem.lastIndex { $0 != " " }
        let upper = last.map { String(stem[...$0]).uppercased() } ?? ""
        let devices: Set = ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"]
        if devices.contains(upper) { return true }
        let numbers = Set<Unicode.Scalar>("0123456789¹²³".unicodeScalars)
        return upper.unicodeScalars.count == 4
            && (upper.hasPrefix("COM") || upper.hasPrefix("LPT"))
            && upper.unicodeScalars.last.map(numbers.contains) == true
    }

    /// `name.<32 hexadecimal digits>.part` would be taken for a transfer's part: its last dot goes.
    private static func distinguishedFromParts(_ name: String) -> String {
        let pieces = name.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard pieces.count >= 3, let last = pieces.last,
            String(Substring(last)).lowercased() == "part"
        else { return name }
        let id = pieces[pieces.count - 2]
        let digits = Set("0123456789abcdefABCDEF".utf8)
        guard id.count == 32, id.allSatisfy(digits.contains) else { return name }
        return "\(String(Substring(name.utf8.dropLast(last.count + 1))))_\(String(Substring(last)))"
    }

    /// At most `maximumSize` bytes, cut between graphemes, with a short extension kept.
    private static func cut(_ name: String) -> String {
        guard name.utf8.count > maximumSize else { return name }
        let (stem, suffix) = split(name)
        let room = maximumSize - suffix.utf8.count
        var short = ""
        var size = 0
        for character in stem {
            size += character.utf8.count
            if size > room { break }
            short.append(character)
        }
        // One grapheme can be longer than any name.
        if short.isEmpty { short = stem.cutToScalars(bytes: room) }
        let end = short.utf8.lastIndex { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }
        return end.map { String(Substring(short.utf8[...$0])) + suffix } ?? nameless + suffix
    }

    /// The name and its extension with the dot; an extension too long for one is part of the name.
    private static func split(_ name: String) -> (stem: String, suffix: String) {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else {
            return (name, "")
        }
        let suffix = String(Substring(name.utf8[dot...]))
        guard suffix.utf8.count <= maximumExtension + 1 else { return (name, "") }
        return (String(Substring(name.utf8[..<dot])), suffix)
    }

    /// Numbers that are tried before a name gets a random one: nobody reads on beyond, and each
    /// try is a call.
    private static let lastNumber = 99
    /// Random names tried; each is free but by a chance of one in four thousand million.
    private static let randomTries = 4

    /// The name itself, `name (2).ext` to `name (99).ext`, then names with random digits.
    func variations() -> some Sequence<String> {
        let (stem, suffix) = Self.split(text)
        let numbered = (2...Self.lastNumber).lazy.map { "\(stem) (\($0))\(suffix)" }
        let random = (0..<Self.randomTries).lazy.map { _ in
            "\(stem) (\(String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)))\(suffix)"
        }
        return [text].lazy.map { $0 } + Array(numbered) + Array(random)
    }
}

extension String {
    /// The longest beginning of whole scalars within so many bytes.
    fileprivate func cutToScalars(bytes: Int) -> String {
        var size = 0
        let kept = unicodeScalars.prefix { scalar in
            size += UTF8.width(scalar)
            return size <= bytes
        }
        return String(kept)
    }
}

/// What becomes of one scalar of a name.
private enum FileNameScalar {
    case kept, space, mark, dropped, replaced

    /// Characters that some file systems refuse or give a meaning, and what decoding puts in the
    /// place of bytes that are not UTF-8.
    private static let replaceable: Set<Unicode.Scalar> = [
        ":", "<", ">", "\"", "|", "?", "*", "/", "\\", "\u{FFFD}",
    ]

    init(_ scalar: Unicode.Scalar) {
        if scalar == "\u{2800}" {
            // A letter of Braille without dots: it cannot be told from a space.
            self = .space
        } else if scalar.properties.isDefaultIgnorableCodePoint {
            self = .dropped
        } else if Self.replaceable.contains(scalar) {
            self = .replaced
        } else {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
                .unassigned:
                self = .replaced
            case .format: self = .dropped
            case .spaceSeparator: self = .space
            case .nonspacingMark, .enclosingMark, .spacingMark: self = .mark
            default: self = .kept
            }
        }
    }
}
