/// How many cells of a terminal text takes at most.
///
/// Terminals disagree about clusters of several scalars, so this counts every scalar of a cluster
/// and never too little: a line that fits by this count fits everywhere. Nothing is placed by it;
/// the cursor is put where the terminal itself came to after writing what stands before it.
package enum Columns {
    /// Cells of one character.
    package static func of(_ character: Character) -> Int {
        if let ascii = character.asciiValue { return ascii >= 0x20 ? 1 : 0 }
        var columns = 0
        for scalar in character.unicodeScalars {
            // The selector makes an emoji, two cells wide, of a sign that had one.
            columns = scalar == "\u{FE0F}" ? max(columns, 2) : columns + of(scalar)
        }
        return columns
    }

    /// Cells of a text.
    package static func of(_ text: SafeText) -> Int { text.string.reduce(0) { $0 + of($1) } }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint { return 0 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return isWide(scalar) ? 2 : 1
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isEmojiPresentation { return true }
        return wide.contains { $0.contains(scalar.value) }
    }

    /// Blocks of the East Asian width classes W and F (Unicode 16), rounded up to whole blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
        0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
        0x1AFF0...0x1B2FF, 0x1D300...0x1D37F, 0x1F1E6...0x1F202, 0x1F210...0x1F6FF,
        0x1F7E0...0x1F7F0, 0x1F90C...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
