import Foundation
import SafeScalars

/// A person's name as it is shown and as it is compared. Both are made here, one from the other: two
/// names that look the same are the same.
package struct ShownName: Sendable {
    /// What is shown: one line, nothing that a terminal obeys, no blank around it, no run of blanks,
    /// nothing that is not seen, `maximumCells` wide at most.
    package let text: String
    /// What is compared.
    package let folded: FoldedName

    /// Cells of a name that are shown: more would leave no room for what is said.
    package static let maximumCells = 32

    package init(_ name: String) {
        if Self.isPlain(name) {
            text = name
        } else {
            text = Self.cut(Self.words(Self.visible(name)))
        }
        folded = FoldedName(shown: text)
    }

    package var isEmpty: Bool { text.isEmpty }

    /// True for a name that is shown as it is, as most are.
    private static func isPlain(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count <= maximumCells, bytes.first != 0x20, bytes.last != 0x20 else {
            return false
        }
        var previous: UInt8 = 0
        for byte in bytes {
            guard (0x20..<0x7F).contains(byte), byte != 0x20 || previous != 0x20 else {
                return false
            }
            previous = byte
        }
        return true
    }

    /// Without what is not seen, and with a space for everything that is seen as one.
    private static func visible(_ name: String) -> String {
        // Composed, so that what looks the same is the same.
        let clean = SafeScalars.clean(name.unicodeScalars).precomposedStringWithCanonicalMapping
        var result = String.UnicodeScalarView()
        var base: Unicode.Scalar = " "
        for scalar in clean.unicodeScalars {
            if scalar.isBlank {
                base = " "
                result.append(base)
            } else if !scalar.isMark {
                if !scalar.isSelectorOrJoiner { base = scalar }
                result.append(scalar)
            } else if scalar.canBeSeen(on: base) {
                result.append(scalar)
            } else if base == "\u{25CC}" {
                // Put there for a mark with nothing before it.
                result.removeLast()
                base = " "
            }
        }
        // What stood on something that is not seen is judged again without it.
        return SafeScalars.clean(result)
    }

    private static func words(_ text: String) -> String {
        text.unicodeScalars.split(separator: " ").map { word in
            // A joiner at the end of a word joins nothing.
            var word = word
            while let last = word.last, last.isSelectorOrJoiner, last != "\u{FE0F}" {
                word.removeLast()
            }
            return String(word)
        }
        .filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The beginning that is shown. Wide letters are counted by a rule that may take a narrow one for
    /// a wide one, never the other way.
    private static func cut(_ text: String) -> String {
        var room = maximumCells
        let kept = text.prefix { character in
            room -= character.unicodeScalars.reduce(0) { $0 + $1.mostCells }
            return room >= 0
        }
        return words(String(kept))
    }
}

/// A name as it is compared with others: what differs in case, in white space, in the form that
/// Unicode calls compatible, or in what a terminal may not show, is the same name.
///
/// Letters that only look alike (`a` and its Cyrillic twin, `l` and `1`) are different here: which
/// letters look alike is a matter of fonts and languages, and a table of them would make one name
/// of some that are honestly two.
package struct FoldedName: Hashable, Sendable {
    private let text: String

    fileprivate init(shown: String) {
        let certain = String(String.UnicodeScalarView(shown.unicodeScalars.filter(\.isSurelySeen)))
        let folded = certain.precomposedStringWithCompatibilityMapping.lowercased()
            .precomposedStringWithCompatibilityMapping
        let words = folded.unicodeScalars.split { $0.properties.isWhitespace }
            .map { String($0) }.joined(separator: " ")
        // A name of nothing but such is still a name.
        text = words.isEmpty ? shown : words
    }

    /// True when there is nothing to be seen in the name.
    package var isEmpty: Bool { text.isEmpty }
}

extension Unicode.Scalar {
    /// The version of Unicode from which on terminals in use may have no sign for a character.
    private static let unknownToSome = 15

    /// Leaves its cell empty, though not all of these are white space to Unicode: the blank pattern of
    /// Braille, the place of an object, the half fill space, a note without a head, hieroglyphic blanks.
    fileprivate var isBlank: Bool {
        switch value {
        case 0x2800, 0xFFFC, 0x303F, 0x1D159, 0x13441, 0x13442: true
        default: properties.isWhitespace
        }
    }

    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: !isSelectorOrJoiner
        default: false
        }
    }

    /// Changes how its neighbours are drawn and is nothing by itself.
    fileprivate var isSelectorOrJoiner: Bool {
        SafeScalars.isJoiner(self) || value == 0xFE0E || value == 0xFE0F
    }

    /// True when a mark is one of the letter's own script, or of those that European letters have.
    /// Others, and those that only fill or join, have no look that a terminal can be trusted to give.
    fileprivate func canBeSeen(on base: Unicode.Scalar) -> Bool {
        switch value {
        // Brahmi number joiner, Tifinagh consonant joiner, Khitan filler, hieroglyphs' mirror.
        case 0x1107F, 0x2D7F, 0x16FE4, 0x13440: return false
        case 0x300...0x36F:
            return base.properties.isAlphabetic
                && (base.value < 0x590 || (0x1E00...0x1FFF).contains(base.value))
        // Blocks of a script have 128 places or 256.
        default: return value >> 8 == base.value >> 8
        }
    }

    /// False for what some terminal shows, and another does not.
    fileprivate var isSurelySeen: Bool {
        if isSelectorOrJoiner || properties.canonicalCombiningClass == .virama { return false }
        // Vowels and final consonants of Hangul that are part of no syllable.
        if (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value) { return false }
        return (properties.age?.major ?? 0) < Self.unknownToSome
    }

    /// Cells that a terminal gives this scalar at most.
    fileprivate var mostCells: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return value == 0xFE0F ? 1 : 0
        default: break
        }
        if SafeScalars.isJoiner(self) { return 0 }
        return (0x1100...0x115F).contains(value) || value >= 0x231A ? 2 : 1
    }
}
