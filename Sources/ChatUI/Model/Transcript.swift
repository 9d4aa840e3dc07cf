import Terminal

/// What this session showed of what was said, for `/search`; in memory alone, since it is plain
/// text, and bounded.
struct Transcript: Sendable {
    private var entries: [Said] = []
    /// Of those that are not kept any more.
    private var first = 0
    private var bytes = 0

    private static let maximumEntries = 20_000
    private static let maximumBytes = 32 << 20
    /// Lines that a search shows: a screenful.
    private static let maximumFound = 20
    /// Bytes of one message that are searched.
    private static let maximumSearched = 1 << 20

    mutating func add(_ said: Said) {
        entries.append(said)
        bytes += said.text.utf8.count
        while entries.count - first > Self.maximumEntries || bytes > Self.maximumBytes,
            first < entries.count - 1
        {
            bytes -= entries[first].text.utf8.count
            entries[first].text = ""
            first += 1
        }
        // The front is given back now and then, not at every message.
        if first > Self.maximumEntries {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// The newest lines that hold the words, oldest first; in any case of letters.
    func search(_ words: String, today: WallTime) -> [SafeText] {
        let wanted = words.lowercased()
        var found: [SafeText] = []
        for said in entries[first...].reversed() where found.count < Self.maximumFound {
            let text = String(Substring(said.text.utf8.prefix(Self.maximumSearched)))
            guard text.lowercased().contains(wanted) || said.name.string.lowercased() == wanted
            else { continue }
            let lines = SafeText.lines(untrusted: text)
            let matching = lines.filter { $0.string.lowercased().contains(wanted) }
            for line in (matching.isEmpty ? Array(lines.prefix(1)) : matching).reversed() {
                guard found.count < Self.maximumFound else { break }
                found.append(Self.line(said, line, today))
            }
        }
        return found.reversed()
    }

    private static func line(_ said: Said, _ text: SafeText, _ today: WallTime) -> SafeText {
        let day: SafeText = said.time.isSameDay(as: today) ? "" : "\(said.time.date), "
        return "\(day)\(said.time.clock) \(said.name): \(text)"
    }
}
