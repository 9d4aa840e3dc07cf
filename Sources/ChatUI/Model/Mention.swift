import Terminal

/// Finds a name in what somebody says.
enum Mention {
    /// True when the name stands in the text as a word of its own.
    static func isIn(_ text: SafeText, _ name: SafeText) -> Bool {
        !places(of: name, in: Array(text.clusters)).isEmpty
    }

    /// The text with the name standing out wherever it is a word of its own.
    static func marked(_ text: SafeText, _ name: SafeText?) -> StyledText {
        guard let name, !name.isEmpty else { return StyledText(text) }
        let clusters = Array(text.clusters)
        let places = places(of: name, in: clusters)
        if places.isEmpty { return StyledText(text) }
        var result = StyledText()
        var from = 0
        for place in places {
            result.append(clusters[from..<place.lowerBound].joined(separator: ""))
            result.append(clusters[place].joined(separator: ""), .mention)
            from = place.upperBound
        }
        result.append(clusters[from...].joined(separator: ""))
        return result
    }

    private static func places(of name: SafeText, in clusters: [SafeText]) -> [Range<Int>] {
        let wanted = name.clusters.map { $0.string.lowercased() }
        guard let first = wanted.first, clusters.count >= wanted.count else { return [] }
        var places: [Range<Int>] = []
        var index = 0
        while index + wanted.count <= clusters.count {
            let end = index + wanted.count
            let matches =
                clusters[index].string.lowercased() == first
                && zip(clusters[index..<end], wanted).allSatisfy { $0.string.lowercased() == $1 }
                && !joins(index > 0 ? clusters[index - 1] : nil)
                && !joins(end < clusters.count ? clusters[end] : nil)
            if matches { places.append(index..<end) }
            index = matches ? end : index + 1
        }
        return places
    }

    /// True for a neighbour that makes the name a part of a longer word. Scripts without spaces
    /// have no such.
    private static func joins(_ neighbour: SafeText?) -> Bool {
        guard let scalar = neighbour?.string.unicodeScalars.first else { return false }
        if scalar == "_" || scalar.properties.numericType != nil { return true }
        return scalar.properties.isAlphabetic && scalar.value < 0x2E80
    }
}
