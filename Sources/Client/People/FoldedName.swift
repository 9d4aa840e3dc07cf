/// A name as it is compared with others: what differs in case, in white space or in what cannot be
/// seen is the same name, and so is what Unicode calls canonically equivalent.
///
/// Letters that only look alike (`a` and its Cyrillic twin, `l` and `1`) are different here: which
/// letters look alike is a matter of fonts and languages, and a table of them would make one name
/// of some that are honestly two.
struct FoldedName: Hashable, Sendable {
    private let text: String

    init(_ name: String) {
        let visible = name.unicodeScalars.filter { !Self.isIgnored($0) }
        text = visible.split { $0.properties.isWhitespace }
            .map { $0.map(\.properties.lowercaseMapping).joined() }
            .joined(separator: " ")
    }

    /// True when there is nothing to be seen in the name.
    var isEmpty: Bool { text.isEmpty }

    /// Controls that are white space are told apart by `split`.
    private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isWhitespace { return false }
        if scalar.properties.isDefaultIgnorableCodePoint { return true }
        switch scalar.properties.generalCategory {
        case .control, .format: return true
        default: return false
        }
    }
}
