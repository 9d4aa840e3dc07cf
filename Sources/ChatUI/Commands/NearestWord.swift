/// The word that was probably meant.
package enum NearestWord {
    /// Letters that may be wrong: more is another word.
    private static let maximumDistance = 3
    /// Letters of what was typed that are looked at.
    private static let maximumLength = 32

    /// The candidate that differs in the fewest letters, when these are few.
    package static func to(_ word: String, among candidates: [String]) -> String? {
        let letters = Array(word.utf8.prefix(maximumLength))
        let distances = candidates.map { ($0, distance(letters, Array($0.utf8))) }
        let best = distances.min { $0.1 < $1.1 }
        return best.flatMap { $0.1 <= maximumDistance ? $0.0 : nil }
    }

    /// Letters to change, add or take away (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
