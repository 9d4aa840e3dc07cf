/// Lines entered before, oldest first. The caller keeps one for each room, in memory alone: they are
/// plain text.
package struct InputHistory: Hashable, Sendable {
    package private(set) var entries: [String] = []

    /// Lines that are remembered, and bytes of the longest that is.
    package static let maximumEntries = 500
    package static let maximumBytes = 64 << 10

    package init() {}

    /// Remembers a line; not twice in a row.
    package mutating func add(_ line: String) {
        guard !line.isEmpty, line != entries.last, line.utf8.count <= Self.maximumBytes else {
            return
        }
        entries.append(line)
        if entries.count > Self.maximumEntries { entries.removeFirst() }
    }

    /// The newest entry older than `index` that begins with `prefix` and is not `text`.
    func older(than index: Int, beginning prefix: String, not text: String) -> Int? {
        entries[..<min(index, entries.count)].lastIndex { $0.hasPrefix(prefix) && $0 != text }
    }

    /// The oldest entry newer than `index` that begins with `prefix` and is not `text`.
    func newer(than index: Int, beginning prefix: String, not text: String) -> Int? {
        guard index + 1 < entries.count else { return nil }
        return entries[(index + 1)...].firstIndex { $0.hasPrefix(prefix) && $0 != text }
    }

    /// The newest entry older than `index` that contains `part`, whatever the case.
    func containing(_ part: String, olderThan index: Int) -> Int? {
        let wanted = part.lowercased()
        return entries[..<max(0, min(index, entries.count))].lastIndex {
            $0.lowercased().utf8.contains(wanted.utf8)
        }
    }
}
