/// What complete sequences of a terminal mean: keys of xterm, VT220, rxvt and the Linux console,
/// xterm's modifyOtherKeys, kitty's keyboard protocol, and answers.
enum KeySequences {
    /// Modifiers as xterm and kitty count them, less one.
    private struct Modifiers: OptionSet {
        let rawValue: Int
        static let shift = Modifiers(rawValue: 1)
        static let alt = Modifiers(rawValue: 2)
        static let control = Modifiers(rawValue: 4)
        /// Whether an arrow goes by words.
        var moveByWords: Bool { !isDisjoint(with: [.alt, .control]) }

        /// Locks (of capitals and numbers) are none.
        init(rawValue: Int) { self.rawValue = rawValue & 7 }
        init(parameter: Int?) { self.init(rawValue: max(0, (parameter ?? 1) - 1)) }
    }

    static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D: .enter
        case 0x0A: .newline
        case 0x08, 0x7F: .backspace
        case 0x09: .tab
        case 0x00: .control("@")
        case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
        case 0x1C...0x1F: .control(Character(Unicode.Scalar(byte + 0x40)))
        default: .unknown
        }
    }

    /// Escape and a byte.
    static func alt(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D, 0x0A: .newline
        case 0x7F, 0x08: .wordBackspace
        case 0x21...0x7E: .alt(Character(Unicode.Scalar(byte)))
        default: .unknown
        }
    }

    /// `ESC O` and a byte.
    static func shifted(_ byte: UInt8) -> Key {
        switch byte {
        // rxvt: arrows with Ctrl.
        case UInt8(ascii: "c"): .wordRight
        case UInt8(ascii: "d"): .wordLeft
        // Enter of the number block.
        case UInt8(ascii: "M"): .enter
        default: cursorKey(byte, []) ?? .unknown
        }
    }

    /// What stands between `ESC [` and the end, with the final byte.
    static func control(_ sequence: [UInt8]) -> Key {
        guard let final = sequence.last else { return .unknown }
        let body = sequence.dropLast()
        if let first = body.first, (0x3C...0x3F).contains(first) {
            return answer(first, body.dropFirst(), final)
        }
        // Function keys of the Linux console.
        if body.first == UInt8(ascii: "[") { return .unknown }
        let numbers = numbers(body)
        let modifiers = Modifiers(parameter: numbers.count > 1 ? numbers[1] : nil)
        switch final {
        case UInt8(ascii: "~"): return tilde(numbers, modifiers)
        case UInt8(ascii: "u"):
            return numbers.first.map { typed(code: $0, modifiers) } ?? .unknown
        case UInt8(ascii: "R") where numbers.count == 2:
            return .reply(.cursor(row: numbers[0], column: numbers[1]))
        case UInt8(ascii: "I") where body.isEmpty: return .focus(true)
        case UInt8(ascii: "O") where body.isEmpty: return .focus(false)
        case UInt8(ascii: "Z"): return .backTab
        // rxvt: arrows with Shift, Delete and others with Ctrl.
        case UInt8(ascii: "^"): return tilde(numbers, .control)
        default: return cursorKey(final, modifiers) ?? .unknown
        }
    }

    /// Parameters by `;`; of one with parts (`:`) the first. Absent ones are 0, huge ones too.
    private static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int] {
        bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { field in
            let digits = field.prefix { $0 != UInt8(ascii: ":") }
            return Int(String(decoding: digits, as: UTF8.self)) ?? 0
        }
    }

    private static func cursorKey(_ final: UInt8, _ modifiers: Modifiers) -> Key? {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): modifiers.moveByWords ? .wordRight : .right
        case UInt8(ascii: "D"): modifiers.moveByWords ? .wordLeft : .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        default: nil
        }
    }

    private static func tilde(_ numbers: [Int], _ modifiers: Modifiers) -> Key {
        switch numbers.first {
        case 1, 7: .home
        case 4, 8: .end
        case 3: modifiers.moveByWords ? .wordDelete : .delete
        case 5: .pageUp
        case 6: .pageDown
        // modifyOtherKeys: 27, modifiers, code.
        case 27 where numbers.count == 3: typed(code: numbers[2], modifiers)
        default: .unknown
        }
    }

    /// A key that gives a character, with its modifiers told separately.
    private static func typed(code: Int, _ modifiers: Modifiers) -> Key {
        switch code {
        case 13, 57414: return modifiers.isEmpty ? .enter : .newline
        case 9: return modifiers.contains(.shift) ? .backTab : .tab
        case 27: return .escape
        case 8, 127: return modifiers.moveByWords ? .wordBackspace : .backspace
        default: break
        }
        // Function keys, lone modifiers and media keys have codes for private use.
        guard let scalar = Unicode.Scalar(UInt32(clamping: code)), scalar.value >= 0x20,
            !(0x7F...0x9F).contains(scalar.value), !(0xE000...0xF8FF).contains(scalar.value)
        else { return .unknown }
        if modifiers.contains(.control) { return withControl(scalar) }
        if modifiers.contains(.alt) { return .alt(Character(scalar)) }
        let text = String(scalar)
        return .text(modifiers.contains(.shift) ? text.uppercased() : text)
    }

    private static func withControl(_ scalar: Unicode.Scalar) -> Key {
        switch scalar {
        case "a"..."z", "A"..."Z": control(UInt8(scalar.value & 0x1F))
        case "@", " ": .control("@")
        case "\\", "]", "^", "_": .control(Character(scalar))
        case "-", "/": .control("_")
        default: .unknown
        }
    }
}

// MARK: Answers

extension KeySequences {
    /// `ESC [`, one of `< = > ?`, parameters and a final byte.
    private static func answer(_ mark: UInt8, _ body: ArraySlice<UInt8>, _ final: UInt8) -> Key {
        let isMode = body.last == UInt8(ascii: "$")
        let numbers = numbers(isMode ? body.dropLast() : body)
        switch (mark, final) {
        case (UInt8(ascii: "?"), UInt8(ascii: "c")): return .reply(.attributes(numbers))
        case (UInt8(ascii: ">"), UInt8(ascii: "c")): return .reply(.secondaryAttributes(numbers))
        case (UInt8(ascii: "?"), UInt8(ascii: "u")): return .reply(.keyboard(numbers[0]))
        case (UInt8(ascii: "?"), UInt8(ascii: "y")) where isMode && numbers.count == 2:
            let state = TerminalReply.ModeState(rawValue: numbers[1]) ?? .unknown
            return .reply(.mode(numbers[0], state))
        // DECXCPR: row, column and page.
        case (UInt8(ascii: "?"), UInt8(ascii: "R")) where numbers.count >= 2:
            return .reply(.cursor(row: numbers[0], column: numbers[1]))
        default: return .unknown
        }
    }

    /// `ESC ]`, `ESC P` and the like, with the byte that tells which first and the end taken off.
    static func string(_ answer: [UInt8]) -> Key {
        let text = String(decoding: answer.dropFirst(), as: UTF8.self)
        switch answer.first {
        case UInt8(ascii: "P") where text.hasPrefix(">|"):
            let name = text.dropFirst(2).unicodeScalars.filter {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
            }
            return .reply(.version(String(String.UnicodeScalarView(name))))
        case UInt8(ascii: "]") where text.hasPrefix("11;"):
            return color(text.dropFirst(3)).map { .reply($0) } ?? .unknown
        default: return .unknown
        }
    }

    /// `rgb:RRRR/GGGG/BBBB` with one to four digits each, perhaps `rgba:` with one part more.
    private static func color(_ text: Substring) -> TerminalReply? {
        guard text.hasPrefix("rgb"), let colon = text.firstIndex(of: ":") else { return nil }
        let parts = text[text.index(after: colon)...].split(separator: "/").map { digits in
            (1...4).contains(digits.utf8.count)
                ? UInt16(digits, radix: 16).map {
                    Double($0) / Double(1 << (4 * digits.utf8.count) - 1)
                } : nil
        }
        guard parts.count >= 3, let red = parts[0], let green = parts[1], let blue = parts[2] else {
            return nil
        }
        return .background(red: red, green: green, blue: blue)
    }
}
