/// How a piece of text looks, by what it means; `StyleEncoder` makes sequences of it for a terminal.
package struct Style: Hashable, Sendable {
    package struct Attributes: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let bold = Attributes(rawValue: 1)
        package static let dim = Attributes(rawValue: 2)
        package static let underline = Attributes(rawValue: 4)
        package static let reverse = Attributes(rawValue: 8)
    }

    package enum Color: Hashable, Sendable {
        /// The terminal's own.
        case standard
        case red, green, yellow, cyan
        /// One of `NamePalette`'s.
        case name(NamePalette.Index)
    }

    package var attributes: Attributes
    package var color: Color

    package init(_ attributes: Attributes = [], color: Color = .standard) {
        self.attributes = attributes
        self.color = color
    }

    package static let plain = Style()
    /// Times, notices, what is not yet sent.
    package static let quiet = Style(.dim)
    package static let strong = Style(.bold)
    package static let error = Style(.bold, color: .red)
    package static let warning = Style(color: .yellow)
    package static let good = Style(color: .green)
    /// One's own name in what somebody says.
    package static let mention = Style([.bold, .reverse])
    /// What is chosen among several.
    package static let selected = Style(.reverse)
    package static let underlined = Style(.underline)
    /// A person's name in the colour that it always has.
    package static func name(_ index: NamePalette.Index) -> Style {
        Style(.bold, color: .name(index))
    }
}
