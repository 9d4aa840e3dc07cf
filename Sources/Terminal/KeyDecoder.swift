/// Turns bytes of a terminal into keys, however they were split on the way.
///
/// Feed it what was read. While it `isWaiting`, call `flush` when nothing more came within
/// `silence`: only then is Escape a key and not the beginning of a sequence.
package struct KeyDecoder: Sendable {
    private var state = State.ground
    /// Bytes of what is not complete.
    private var pending: [UInt8] = []
    private var paste = PasteBuffer()
    /// How often nothing came while something was pending.
    private var silences = 0
    /// True while pastes may come without markers: then text with several line ends that comes at
    /// once is taken for one. The first marker ends the guessing; so may the caller, who asked the
    /// terminal (`Capabilities.marksPastes`).
    package var guessesPastes: Bool

    private enum State {
        case ground, character, escape
        /// `ESC [`: up to a final byte.
        case control
        /// `ESC O`: one byte more.
        case shift
        /// `ESC ]`, `ESC P` and the like: up to BEL or `ESC \`.
        case string
        case paste, guessedPaste
    }

    /// Bytes of a paste that are kept; the rest is dropped. Messages end at 16 MiB, too.
    package static let maximumPaste = PasteBuffer.maximum
    /// Silence after which an Escape was meant as such, and a paste without markers is over.
    package static let silence = Duration.milliseconds(25)
    /// Silences after which the rest of an answer comes no more: half a second.
    private static let maximumSilences = 20
    /// Line ends at once that nobody types.
    private static let guessedLineEnds = 3
    /// Bytes of one sequence, and of one answer, that are kept; longer ones mean nothing.
    private static let maximumSequence = 64
    private static let maximumString = 4096

    package init(guessesPastes: Bool = true) { self.guessesPastes = guessesPastes }

    /// True when a lone Escape, the rest of a sequence or of a paste without markers is waited for.
    package var isWaiting: Bool { ![.ground, .character, .paste].contains(state) }

    /// Takes what was read at once and gives the keys that are complete.
    package mutating func feed(_ bytes: some Collection<UInt8>) -> [Key] {
        var keys: [Key] = []
        silences = 0
        if state == .ground, guessesPastes, Self.looksPasted(bytes) { state = .guessedPaste }
        for byte in bytes { take(byte, into: &keys) }
        return Self.merged(keys)
    }

    /// Nothing more came for a while: what is pending was all, unless it is half an answer, which
    /// on a slow line may go on and must not then be text.
    package mutating func flush() -> [Key] {
        let key: Key? =
            switch state {
            case .ground, .character, .paste: nil
            case .escape: .escape
            case .shift: .alt("O")
            case .control where pending.isEmpty: .alt("[")
            case .string where pending.count == 1: .alt(Character(Unicode.Scalar(pending[0])))
            case .control, .string: nil
            case .guessedPaste: .paste(paste.finish())
            }
        silences += 1
        if key != nil || silences > Self.maximumSilences, isWaiting { finish() }
        return key.map { [$0] } ?? []
    }

    private static func looksPasted(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.count { $0 == 0x0D || $0 == 0x0A } >= guessedLineEnds
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
            && bytes.contains { $0 > 0x20 }
    }

    /// Typed text that came at once is one key, so that it costs one redraw.
    private static func merged(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { result, key in
            if case .text(let more) = key, case .text(let text) = result.last {
                result[result.count - 1] = .text(text + more)
            } else {
                result.append(key)
            }
        }
    }
}

// MARK: Byte by byte

extension KeyDecoder {
    private mutating func take(_ byte: UInt8, into keys: inout [Key]) {
        switch state {
        case .ground: begin(byte, into: &keys)
        case .character: goOn(byte, into: &keys)
        case .escape: afterEscape(byte, into: &keys)
        case .control: inControl(byte, into: &keys)
        case .shift:
            finish()
            if byte == 0x1B { state = .escape } else { keys.append(KeySequences.shifted(byte)) }
        case .string: inString(byte, into: &keys)
        case .paste: inPaste(byte, into: &keys)
        case .guessedPaste: inGuessedPaste(byte, into: &keys)
        }
    }

    private mutating func finish() {
        state = .ground
        pending = []
    }

    private mutating func begin(_ byte: UInt8, into keys: inout [Key]) {
        if byte == 0x1B {
            state = .escape
        } else if byte < 0x20 || byte == 0x7F {
            keys.append(KeySequences.control(byte))
        } else if byte < 0x80 {
            keys.append(.text(String(Unicode.Scalar(byte))))
        } else if Self.length(byte) > 0 {
            pending = [byte]
            state = .character
        }
    }

    /// Bytes of the character that this one begins; 0 when none begins so.
    private static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// What is no UTF-8 is dropped; a byte that does not continue begins anew.
    private mutating func goOn(_ byte: UInt8, into keys: inout [Key]) {
        guard byte & 0xC0 == 0x80, let first = pending.first else {
            finish()
            return begin(byte, into: &keys)
        }
        pending.append(byte)
        guard pending.count == Self.length(first) else { return }
        // C1 controls are no text.
        if let text = String(validating: pending, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ !(0x80...0x9F).contains($0.value) })
        {
            keys.append(.text(text))
        }
        finish()
    }

    private mutating func afterEscape(_ byte: UInt8, into keys: inout [Key]) {
        switch byte {
        case UInt8(ascii: "["): state = .control
        case UInt8(ascii: "O"): state = .shift
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"),
            UInt8(ascii: "X"):
            pending = [byte]
            state = .string
        case 0x1B: keys.append(.escape)
        case 0x80...:
            finish()
            keys.append(.escape)
            begin(byte, into: &keys)
        default:
            finish()
            keys.append(KeySequences.alt(byte))
        }
    }

    /// A sequence ends with a byte from 0x40 on. A control in the midst of it ends it, too, and is
    /// done by itself; so does a byte that no sequence has.
    private mutating func inControl(_ byte: UInt8, into keys: inout [Key]) {
        guard (0x20...0x7E).contains(byte) else {
            finish()
            return begin(byte, into: &keys)
        }
        if pending.count < Self.maximumSequence { pending.append(byte) }
        // The function keys of the Linux console: ESC [ [ and a letter.
        guard byte >= 0x40, pending != [UInt8(ascii: "[")] else { return }
        let sequence = pending
        finish()
        if sequence == Array("200~".utf8) {
            paste = PasteBuffer()
            guessesPastes = false
            state = .paste
        } else if sequence.count < Self.maximumSequence {
            keys.append(KeySequences.control(sequence))
        } else {
            keys.append(.unknown)
        }
    }

    /// An answer of the terminal: never text, however long.
    private mutating func inString(_ byte: UInt8, into keys: inout [Key]) {
        let isEscaped = pending.last == 0x1B
        if byte == 0x07 || (byte == UInt8(ascii: "\\") && isEscaped) {
            if isEscaped { pending.removeLast() }
            let answer = pending
            finish()
            keys.append(KeySequences.string(answer))
        } else if isEscaped {
            // Cut off: another sequence begins.
            finish()
            state = .escape
            afterEscape(byte, into: &keys)
        } else if byte == 0x18 || byte == 0x03 {
            // Cancelled, or a person who sees that nothing happens.
            finish()
            if byte == 0x03 { keys.append(.control("c")) }
        } else if pending.count < Self.maximumString || byte == 0x1B {
            pending.append(byte)
        }
    }

    /// A paste ends at its marker and at nothing else; Ctrl-C gives an endless one up.
    private mutating func inPaste(_ byte: UInt8, into keys: inout [Key]) {
        if byte == 0x03 {
            finish()
            keys.append(.control("c"))
        } else if paste.take(byte) {
            finish()
            keys.append(.paste(paste.finish()))
        }
    }

    private mutating func inGuessedPaste(_ byte: UInt8, into keys: inout [Key]) {
        if byte >= 0x20 && byte != 0x7F || (0x09...0x0D).contains(byte) {
            paste.keep(byte)
        } else {
            keys.append(.paste(paste.finish()))
            finish()
            begin(byte, into: &keys)
        }
    }
}
