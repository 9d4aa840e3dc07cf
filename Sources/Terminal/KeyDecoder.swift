/// Turns bytes of a terminal into keys, however they were split on the way.
package struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []
    private var paste: Paste?

    /// Bytes of a paste that are kept; the rest is dropped. Messages end at 16 MiB, too.
    package static let maximumPaste = 16 << 20
    /// Bytes of one escape sequence; a longer one is none.
    private static let maximumSequence = 64

    private struct Paste {
        private(set) var bytes: [UInt8] = []
        /// How many bytes of the end marker came last.
        private var matched = 0

        private static let endMarker = Array("\u{1B}[201~".utf8)

        /// True when the end marker is complete.
        mutating func take(_ byte: UInt8) -> Bool {
            if byte == Self.endMarker[matched] {
                matched += 1
                return matched == Self.endMarker.count
            }
            // What looked like the marker was text. No part of the marker but its first byte
            // begins it again.
            keep(Self.endMarker.prefix(matched))
            matched = byte == 0x1B ? 1 : 0
            if matched == 0 { keep([byte]) }
            return false
        }

        private mutating func keep(_ more: some Collection<UInt8>) {
            bytes += more.prefix(KeyDecoder.maximumPaste - bytes.count)
        }
    }

    package init() {}

    /// True when a lone Escape or the rest of a sequence is waited for: call `flush` when
    /// nothing more comes within some 25 ms.
    package var isWaiting: Bool { !pending.isEmpty }

    /// Takes what was read and gives the keys that are complete.
    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        for byte in bytes {
            if paste != nil {
                if let key = feedPaste(byte) { keys.append(key) }
                continue
            }
            pending.append(byte)
            decode(into: &keys)
        }
        return merged(keys)
    }

    /// Nothing more came: what is pending is a lone Escape, or nothing.
    package mutating func flush() -> [Key] {
        defer { pending = [] }
        return pending == [0x1B] ? [.escape] : []
    }

    /// Typed text that came at once is one key, so that a fast typist or a paste without markers
    /// costs one redraw.
    private func merged(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { result, key in
            if case .text(let more) = key, case .text(let text) = result.last {
                result[result.count - 1] = .text(text + more)
            } else {
                result.append(key)
            }
        }
    }

    private mutating func decode(into keys: inout [Key]) {
        guard let first = pending.first else { return }
        if first == 0x1B {
            decodeEscape(into: &keys)
        } else if first < 0x20 || first == 0x7F {
            pending = []
            keys.append(Self.control(first))
        } else {
            decodeText(into: &keys)
        }
    }

    private mutating func decodeText(into keys: inout [Key]) {
        guard let first = pending.first else { return }
        let length =
            switch first {
            case 0x00...0x7F: 1
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        // Not UTF-8: dropped. A byte that does not continue begins anew.
        guard length > 0 else { return pending = [] }
        if let last = pending.last, pending.count > 1, last & 0xC0 != 0x80 {
            pending = [last]
            return decode(into: &keys)
        }
        guard pending.count == length else { return }
        // C1 controls are no text.
        if let text = String(validating: pending, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ !(0x80...0x9F).contains($0.value) })
        {
            keys.append(.text(text))
        }
        pending = []
    }

    private mutating func decodeEscape(into keys: inout [Key]) {
        guard pending.count > 1 else { return }
        let last = pending[pending.count - 1]
        switch pending[1] {
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            guard pending.count > 2 else { return }
            // A sequence ends with a byte from 0x40 on; a control in the midst of it ends it, too.
            if last < 0x20 {
                pending = [last]
                return decode(into: &keys)
            }
            guard last >= 0x40 || pending.count > Self.maximumSequence else { return }
            let sequence = String(decoding: pending.dropFirst(2), as: UTF8.self)
            // The function keys of the Linux console: ESC [ [ and a letter.
            if sequence == "[" { return }
            pending = []
            if sequence == "200~" { return paste = Paste() }
            keys.append(Self.sequences[sequence] ?? .unknown)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"):
            // An answer of the terminal, up to BEL or ESC \: never text.
            let ended = last == 0x07 || (last == 0x5C && pending[pending.count - 2] == 0x1B)
            if pending.count > 2, ended || pending.count > Self.maximumSequence {
                pending = []
                keys.append(.unknown)
            }
        case 0x1B:
            pending = [0x1B]
            keys.append(.escape)
        default:
            // Alt and a key: nothing is bound to it.
            pending = []
            keys.append(.unknown)
        }
    }

    private static let sequences: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end,
        "1~": .home, "7~": .home, "4~": .end, "8~": .end, "3~": .delete,
    ]

    private static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D, 0x0A: .enter
        case 0x08, 0x7F: .backspace
        case 0x09: .tab
        case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
        default: .unknown
        }
    }
}

extension KeyDecoder {
    /// A paste ends at its marker and at nothing else; Ctrl-C gives an endless one up.
    private mutating func feedPaste(_ byte: UInt8) -> Key? {
        if byte == 0x03 {
            paste = nil
            return .control("c")
        }
        guard paste?.take(byte) == true else { return nil }
        defer { paste = nil }
        return paste.map { .paste(Self.cleaned($0.bytes)) }
    }

    /// Terminals send line ends of a paste as CR. Whatever else is a control is dropped, so that
    /// no page can hide a command in what is copied from it.
    private static func cleaned(_ bytes: [UInt8]) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x0A where previous == "\r": break
            case 0x0A, 0x0D: result.append("\n")
            case 0x09: result.append(scalar)
            case 0x00...0x1F, 0x7F...0x9F: break
            default: result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }
}
