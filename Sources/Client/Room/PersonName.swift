/// The name that a person goes by in a room.
enum PersonName {
    /// Bytes of a name: a line of a terminal holds it beside what was said.
    static let maximumSize = 64

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
}
