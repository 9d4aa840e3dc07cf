/// Going through what was entered before.
extension LineEditor {
    struct Browsing: Hashable, Sendable {
        /// Which entry is shown.
        var index: Int
        /// What was being typed.
        var draft: EditBuffer
        /// What was typed before the cursor: with the arrows, only entries that begin so are shown.
        var prefix: String
    }

    /// A search backwards, begun with Ctrl-R.
    package struct Search: Hashable, Sendable {
        package internal(set) var query = ""
        /// True when no older entry has it.
        package internal(set) var hasFailed = false
        var index: Int
        var original: EditBuffer
    }

    mutating func recallOlder(matching: Bool) -> Outcome {
        last = .other
        let start =
            browsing ?? Browsing(index: history.entries.count, draft: buffer, prefix: buffer.before)
        let prefix = matching ? start.prefix : ""
        let found =
            history.older(than: start.index, beginning: prefix, not: buffer.text)
            ?? (browsing == nil
                ? history.older(than: start.index, beginning: "", not: buffer.text) : nil)
        guard let found else { return .unchanged }
        return show(found, from: start)
    }

    mutating func recallNewer(matching: Bool) -> Outcome {
        last = .other
        guard let start = browsing else { return .unchanged }
        let prefix = matching ? start.prefix : ""
        if let found = history.newer(than: start.index, beginning: prefix, not: buffer.text) {
            return show(found, from: start)
        }
        buffer = start.draft
        browsing = nil
        return .edited
    }

    private mutating func show(_ index: Int, from start: Browsing) -> Outcome {
        var place = start
        place.index = index
        if history.entries[index].hasPrefix(start.prefix) == false { place.prefix = "" }
        buffer = EditBuffer(history.entries[index])
        browsing = place
        return .edited
    }

    mutating func startSearch() -> Outcome {
        search = Search(index: history.entries.count, original: buffer)
        last = .other
        return .edited
    }

    /// Keys while searching; nil for a key that ends the search and is then done as always.
    mutating func searching(_ key: Key) -> Outcome? {
        guard var search else { return nil }
        switch key {
        case .text(let text), .paste(let text):
            search.query += text
            // What is shown may still match.
            find(&search, olderThan: min(search.index + 1, history.entries.count))
        case .backspace:
            if !search.query.isEmpty { search.query.removeLast() }
            find(&search, olderThan: history.entries.count)
        case .control("r"): find(&search, olderThan: search.index)
        case .control("g"), .control("c"), .escape:
            buffer = search.original
            self.search = nil
            return .edited
        default:
            if buffer != search.original { undo.keep(search.original) }
            self.search = nil
            // Enter sends what was found, as in a shell.
            return nil
        }
        self.search = search
        return .edited
    }

    private mutating func find(_ search: inout Search, olderThan index: Int) {
        guard !search.query.isEmpty else {
            (search.hasFailed, search.index, buffer) = (
                false, history.entries.count, search.original
            )
            return
        }
        guard let found = history.containing(search.query, olderThan: index) else {
            return search.hasFailed = true
        }
        (search.hasFailed, search.index) = (false, found)
        buffer = EditBuffer(history.entries[found])
    }
}
