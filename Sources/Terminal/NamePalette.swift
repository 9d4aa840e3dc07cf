#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Colours for names: twelve hues, each in two lightnesses, so that neighbours in hue are told
/// apart by eyes that see few hues. The same identity has the same one everywhere.
///
/// No two lightnesses have 4.5:1 on black and on white (only a luminance of 0.18 has). So where the
/// background is known both have that on it, and where it is not, 3:1 on either, in bold.
package enum NamePalette {
    package static let hues = 12
    package static let count = hues * 2

    package struct Index: Hashable, Sendable {
        /// Less than `count`.
        package let value: Int
        package init(_ value: Int) { self.value = ((value % count) + count) % count }

        var hue: Int { value / 2 }
        var isLighter: Bool { value % 2 == 1 }
    }

    /// Red, green and blue, each from 0 to 255.
    package struct RGB: Hashable, Sendable {
        package var red, green, blue: UInt8

        /// Relative luminance as WCAG 2 has it, from 0 to 1.
        package var luminance: Double {
            func linear(_ part: UInt8) -> Double {
                let value = Double(part) / 255
                return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        }
    }

    /// The colour of whoever has this identity: bytes of a key or a hash of it.
    package static func index(of identity: some Sequence<UInt8>) -> Index {
        // FNV-1a: even, and the same on every machine and in every run.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in identity { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Index(Int((hash ^ hash >> 32) % UInt64(count)))
    }

    /// - Parameter isDark: what is known of the background.
    package static func color(of index: Index, isDark: Bool?) -> RGB {
        switch isDark {
        case true?: onDark[index.value]
        case false?: onLight[index.value]
        case nil: onAny[index.value]
        }
    }

    private static let onDark = colors(luminances: (0.26, 0.58))
    private static let onLight = colors(luminances: (0.06, 0.165))
    private static let onAny = colors(luminances: (0.115, 0.28))

    private static func colors(luminances: (darker: Double, lighter: Double)) -> [RGB] {
        (0..<count).map { number in
            let index = Index(number)
            let hue = Double(index.hue) / Double(hues) * 6
            return color(
                hue: hue, luminance: index.isLighter ? luminances.lighter : luminances.darker)
        }
    }

    /// The colour of a hue (0 to 6) that has this luminance, found by halving the range of HSL's
    /// lightness.
    private static func color(hue: Double, luminance: Double) -> RGB {
        var (low, high) = (0.0, 1.0)
        // Half a step of a part of 255 is reached after nine.
        for _ in 0..<10 {
            let middle = (low + high) / 2
            if rgb(hue: hue, lightness: middle).luminance < luminance {
                low = middle
            } else {
                high = middle
            }
        }
        return rgb(hue: hue, lightness: (low + high) / 2)
    }

    private static let saturation = 0.8

    private static func rgb(hue: Double, lightness: Double) -> RGB {
        let chroma = (1 - abs(2 * lightness - 1)) * saturation
        func part(_ shift: Double) -> UInt8 {
            let position = (hue + shift).truncatingRemainder(dividingBy: 6)
            let share = max(0, min(1, min(position, 4 - position)))
            return UInt8((lightness + chroma * (share - 0.5)) * 255 + 0.5)
        }
        return RGB(red: part(2), green: part(0), blue: part(4))
    }
}

extension NamePalette {
    /// The parameters of the SGR sequence that sets a name's colour.
    static func code(
        of index: Index, _ depth: Capabilities.ColorDepth, isDark: Bool?
    ) -> String {
        let color = color(of: index, isDark: isDark)
        switch depth {
        case .none: return "39"
        case .sixteen: return sixteen(index, isDark: isDark)
        case .palette256: return "38;5;\(nearest(color))"
        case .trueColor: return "38;2;\(color.red);\(color.green);\(color.blue)"
        }
    }

    /// Neither black, white, grey nor blue, which are unreadable on one background or another; the
    /// bright ones on a dark background only.
    private static func sixteen(_ index: Index, isDark: Bool?) -> String {
        let normal = [31, 33, 32, 36, 35]
        let base = normal[index.hue * normal.count / hues]
        return String(index.isLighter && isDark == true ? base + 60 : base)
    }

    /// The nearest of the cube of 6 by 6 by 6 colours.
    private static func nearest(_ color: RGB) -> Int {
        func step(_ part: UInt8) -> Int {
            let levels = [0, 95, 135, 175, 215, 255]
            let distances = levels.map { abs($0 - Int(part)) }
            return distances.firstIndex(of: distances.min() ?? 0) ?? 0
        }
        return 16 + 36 * step(color.red) + 6 * step(color.green) + step(color.blue)
    }
}
