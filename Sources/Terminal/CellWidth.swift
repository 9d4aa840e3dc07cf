/// How many cells of a terminal text takes.
///
/// Terminals disagree about clusters of several scalars: some add up the scalars, some take the
/// cluster as one sign, some do both by half. So a cluster has a least and a greatest width. A line
/// that fits by the greatest fits everywhere; where the cursor is after text that is in doubt only
/// the terminal knows. Letters, marks on them and most of CJK are in no doubt.
package struct CellWidth: Hashable, Sendable {
    /// True when the terminal said that it takes clusters as one sign (its mode 2027 is on).
    package var isByCluster: Bool

    package init(isByCluster: Bool = false) { self.isByCluster = isByCluster }

    /// The fewest and the most cells that a terminal gives one character.
    package func range(_ character: Character) -> ClosedRange<Int> {
        if let ascii = character.asciiValue { return ascii >= 0x20 && ascii < 0x7F ? 1...1 : 0...0 }
        let sum = Self.sum(of: character.unicodeScalars)
        guard isByCluster, sum.lowerBound < sum.upperBound else { return sum }
        return Self.asOneSign(character.unicodeScalars, sum)
    }

    /// The fewest and the most cells of a text.
    package func range(_ text: SafeText) -> ClosedRange<Int> {
        var (least, most) = (0, 0)
        for character in text.string {
            let width = range(character)
            least += width.lowerBound
            most += width.upperBound
        }
        return least...most
    }

    /// The most cells that a terminal gives a character: what lines are measured by.
    package func most(_ character: Character) -> Int { range(character).upperBound }
    package func most(_ text: SafeText) -> Int { range(text).upperBound }
    package func most(_ text: StyledText) -> Int {
        text.spans.reduce(0) { $0 + most($1.text) }
    }

    /// By scalar, as `wcwidth` does, and what else is known to be done.
    private static func sum(of scalars: String.UnicodeScalarView) -> ClosedRange<Int> {
        var (least, most) = (0, 0)
        for scalar in scalars {
            let width = ScalarWidth.of(scalar)
            if most == 0 {
                (least, most) = (width.lowerBound, width.upperBound)
            } else if scalar == "\u{FE0F}" {
                // Makes an emoji, two cells wide, of a sign that had one; not everywhere.
                most = max(most, 2)
            } else if scalar == "\u{FE0E}" {
                least = min(least, 1)
            } else {
                most += width.upperBound
                // Two letters of a flag are two cells at least, joined or not.
                if scalar.isRegionalIndicator { least += 1 }
            }
        }
        return least...most
    }

    /// By the width of the first scalar; a selector or a flag makes it two.
    private static func asOneSign(
        _ scalars: String.UnicodeScalarView, _ sum: ClosedRange<Int>
    ) -> ClosedRange<Int> {
        guard let first = scalars.first else { return 0...0 }
        if scalars.contains("\u{FE0F}") || first.isRegionalIndicator { return 2...2 }
        let base = ScalarWidth.of(first)
        // Of conjuncts and vowel signs that take room, even these terminals differ.
        let isEmoji = first.properties.isEmoji
        return isEmoji || sum.upperBound < 2 ? base : base.lowerBound...max(2, base.upperBound)
    }
}

extension Unicode.Scalar {
    var isRegionalIndicator: Bool { (0x1F1E6...0x1F1FF).contains(value) }
}

/// The cells of one scalar by itself.
private enum ScalarWidth {
    /// The version of Unicode from which on its characters are unknown to terminals in use.
    private static let unknownToSome = 15

    static func of(_ scalar: Unicode.Scalar) -> ClosedRange<Int> {
        // Up to the first combining mark nothing but the soft hyphen is special.
        if scalar.value < 0x300 { return scalar.value == 0xAD ? 0...1 : 1...1 }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint { return 0...0 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0...0
        case .spacingMark: return 0...1
        default: break
        }
        if scalar.isRegionalIndicator { return 1...2 }
        // Vowels and final consonants of Hangul: part of the syllable, or signs of their own.
        if isLaterJamo(scalar.value) { return 0...1 }
        let most = UnicodeTables.wide.holds(scalar.value) ? 2 : 1
        // What a terminal does not know it may not show at all.
        if let age = properties.age, age.major >= unknownToSome { return 0...most }
        return UnicodeTables.disputed.holds(scalar.value) ? 1...2 : most...most
    }

    private static func isLaterJamo(_ value: UInt32) -> Bool {
        (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value)
    }
}

extension [ClosedRange<UInt32>] {
    /// By bisection: the ranges ascend.
    func holds(_ value: UInt32) -> Bool {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].contains(value)
    }
}
