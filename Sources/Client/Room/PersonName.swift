/// The name that a person goes by in a room.
package enum PersonName {
    /// Bytes of a name: a line of a terminal holds it beside what was said.
    package static let maximumSize = 64

    /// A name that others take: cut to the limit between two scalars, never empty.
    static func fitting(_ name: String) -> String {
        var fitting = String.UnicodeScalarView()
        var count = 0
        for scalar in name.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= maximumSize else { break }
            fitting.append(scalar)
        }
        return fitting.isEmpty ? "?" : String(fitting)
    }

    /// Throws for a name that a person cannot choose, since others would not see it as it was chosen.
    package static func check(_ name: String) throws(NameError) {
        guard !ShownName(name).isEmpty else { throw .invisible }
        guard name.utf8.count <= maximumSize else { throw .tooLong }
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: throw .control
            default: break
            }
        }
    }
}

/// Why a name cannot be chosen.
package enum NameError: Error, Equatable, Sendable {
    case invisible
    case tooLong
    /// A line break, a tab, or another scalar that is an order and not a sign.
    case control

    /// One sentence that says what to do.
    package var sentence: String {
        switch self {
        case .invisible: "a name needs a letter that can be seen; choose another"
        case .tooLong:
            "a name has \(PersonName.maximumSize) bytes at most, and this one has more; choose a "
                + "shorter one"
        case .control: "a name has no line breaks and no tabs in it; choose one without"
        }
    }
}
