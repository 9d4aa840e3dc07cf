/// One line of the file of known people, which is text for people and programs:
///
///     2026-11-23 ed25519 3b6a27bc…40da29 verified Bob Example
///
/// the day, the kind of key, the key in hexadecimal, what is known of it, and the name, to the end
/// of the line. What a terminal would not show as itself is written in the name as `%` and two
/// hexadecimal digits for each byte of its UTF-8, and so is the percent sign.
struct KnownFact: Equatable, Sendable {
    var key: [UInt8]
    var isVerified: Bool
    var name: String

    private static let kind = "ed25519"
    private static let seen = "seen"
    private static let verified = "verified"
    /// Bytes of a key.
    private static let keySize = 32
    /// Bytes of a line: our own have some 300 at most.
    private static let maximumLine = 1024

    /// The line, its end included.
    func line(on day: String) -> [UInt8] {
        let mark = isVerified ? Self.verified : Self.seen
        return Array("\(day) \(Self.kind) \(key.hexadecimal) \(mark) ".utf8)
            + Self.escape(name) + [UInt8(ascii: "\n")]
    }

    enum Reading: Equatable, Sendable {
        case fact(KnownFact)
        /// Blank, a comment, or of a kind that another version writes.
        case nothing
        case damaged
    }

    /// Reads a line without its end.
    static func read(_ line: ArraySlice<UInt8>) -> Reading {
        var rest = line
        if rest.last == UInt8(ascii: "\r") { rest = rest.dropLast() }
        rest = rest.drop(while: isBlank)
        if rest.isEmpty || rest.first == UInt8(ascii: "#") { return .nothing }
        guard line.count <= maximumLine, isDay(word(&rest)) else { return .damaged }
        let kind = word(&rest)
        guard kind.elementsEqual(Self.kind.utf8) else {
            return kind.isEmpty ? .damaged : .nothing
        }
        guard let key = bytes(word(&rest)), key.count == keySize else { return .damaged }
        let mark = word(&rest)
        guard !mark.isEmpty else { return .damaged }
        // A mark that this version does not know takes away an earlier one, to be safe.
        let isVerified = mark.elementsEqual(verified.utf8)
        return .fact(KnownFact(key: key, isVerified: isVerified, name: unescape(rest)))
    }

    /// Cuts the next word off, and the blanks after it.
    private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let word = rest.prefix { !isBlank($0) }
        rest = rest.dropFirst(word.count).drop(while: isBlank)
        return word
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// Four digits, two and two.
    private static func isDay(_ word: ArraySlice<UInt8>) -> Bool {
        word.count == 10
            && zip(word, "0000-00-00".utf8).allSatisfy { byte, form in
                form == UInt8(ascii: "0") ? (0x30...0x39).contains(byte) : byte == form
            }
    }

    private static func bytes(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        let values = digits.compactMap(hexadecimalValue)
        guard values.count == digits.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    private static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    // MARK: Names

    private static func escape(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        // A blank at either end, or one of several, would not survive a reader or an editor.
        var isAfterBlank = true
        for scalar in name.unicodeScalars {
            let isSpace = scalar == " "
            let isPlain = isSpace ? !isAfterBlank : isShown(scalar)
            for byte in String(scalar).utf8 { bytes += isPlain ? [byte] : escaped(byte) }
            isAfterBlank = isSpace
        }
        guard let last = bytes.last, isBlank(last) else { return bytes }
        return bytes.dropLast() + escaped(last)
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "%")] + Array([byte].hexadecimal.utf8)
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "%" || scalar.properties.isWhitespace { return false }
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator,
            .privateUse, .surrogate, .unassigned:
            return false
        default: return true
        }
    }

    /// A percent sign without digits, as a person may write it, stands for itself.
    private static func unescape(_ text: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = Self.bytes(rest.prefix(2)), !value.isEmpty {
                bytes += value
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
