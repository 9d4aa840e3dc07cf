import Terminal

/// A live line made of parts, of which the least important are left out where there is no room.
struct Parts {
    private var parts: [(text: StyledText, importance: Int)] = []
    private let separator: StyledText

    init(separator: StyledText) { self.separator = separator }

    /// - Parameter importance: the parts with the least go first; the order stays.
    mutating func add(_ text: StyledText, importance: Int) {
        if !text.isEmpty { parts.append((text, importance)) }
    }

    /// The line within so many cells.
    func fitting(_ columns: Int, _ width: CellWidth) -> StyledText {
        var rest = parts
        while rest.count > 1, width.most(joined(rest)) > columns,
            let least = rest.indices.min(by: { rest[$0].importance < rest[$1].importance })
        {
            rest.remove(at: least)
        }
        return joined(rest).fitting(columns: columns, width: width)
    }

    private func joined(_ parts: [(text: StyledText, importance: Int)]) -> StyledText {
        parts.indices.reduce(into: StyledText()) { line, index in
            if index > 0 { line.append(separator) }
            line.append(parts[index].text)
        }
    }
}
