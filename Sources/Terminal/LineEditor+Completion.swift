/// Completing with Tab. The editor asks (`Outcome.complete`), the caller offers, the editor goes
/// through what was offered: Tab and Shift-Tab for the next and the one before, Escape to have back
/// what was typed, any other key to keep what is shown.
extension LineEditor {
    package struct Completion: Hashable, Sendable {
        /// At least two.
        package let candidates: [String]
        /// Which one is in the text.
        package internal(set) var index: Int
        var start: Int
        var original: EditBuffer
    }

    /// Offers what may stand in the place of so many characters before the cursor. A single one is
    /// taken at once; of several the first is shown.
    ///
    /// - Parameters:
    ///   - candidates: whole, with what is to follow them (`"ann: "`).
    ///   - count: characters before the cursor that a candidate replaces; counted as `String` does.
    package mutating func offer(_ candidates: [String], replacing count: Int) -> Outcome {
        guard let first = candidates.first, count <= buffer.cursor else { return .unchanged }
        let original = buffer
        let start = buffer.cursor - count
        let outcome = edit { $0.replace(start..<$0.cursor, with: first) }
        if candidates.count > 1 {
            completion = Completion(
                candidates: candidates, index: 0, start: start, original: original)
            return .edited
        }
        return outcome
    }

    /// Keys while candidates are gone through; nil for a key that ends that and is then done as
    /// always.
    mutating func completing(_ key: Key) -> Outcome? {
        guard var completion else { return nil }
        let count = completion.candidates.count
        switch key {
        case .tab: completion.index = (completion.index + 1) % count
        case .backTab: completion.index = (completion.index + count - 1) % count
        case .escape:
            buffer = completion.original
            self.completion = nil
            return .edited
        default:
            self.completion = nil
            return nil
        }
        let start = min(completion.start, buffer.cursor)
        buffer.replace(start..<buffer.cursor, with: completion.candidates[completion.index])
        self.completion = completion
        return .edited
    }
}
