import Wire

/// Words of people whose names are not known yet. A newcomer hears them while the answer to its
/// knock is on its way, and holds them back for that moment rather than show them as nobody's.
struct EarlyWords: Sendable {
    /// A knock, the doorkeeper's gathering and its answer take two round trips.
    static let patience: Duration = .seconds(2)
    /// Parts held for all who are nameless; beyond it nobody is waited for.
    static let maximumParts = 1024
    /// Bytes held for all who are nameless.
    static let maximumBytes = 4 << 20

    typealias Words = (sender: AttachmentID, part: Content.TextPart)

    /// When `releaseAll` is due.
    private(set) var deadline: Duration?
    private var held: [Words] = []
    private var bytes = 0
    /// Who was waited for in vain: once is enough.
    private var nameless: Set<AttachmentID> = []

    /// False when these words are not to wait; whatever is held is to be released first.
    mutating func hold(
        _ part: Content.TextPart, by sender: AttachmentID, now: Duration
    ) -> Bool {
        guard !nameless.contains(sender), held.count < Self.maximumParts,
            bytes + part.bytes.count <= Self.maximumBytes
        else { return false }
        held.append((sender, part))
        bytes += part.bytes.count
        if deadline == nil { deadline = now + Self.patience }
        return true
    }

    /// The words of somebody who has a name now, or is gone.
    mutating func release(_ sender: AttachmentID) -> [Content.TextPart] {
        nameless.remove(sender)
        guard held.contains(where: { $0.sender == sender }) else { return [] }
        let theirs = held.filter { $0.sender == sender }.map(\.part)
        held.removeAll { $0.sender == sender }
        bytes -= theirs.reduce(0) { $0 + $1.bytes.count }
        if held.isEmpty { deadline = nil }
        return theirs
    }

    /// All words, in the order in which they were said.
    mutating func releaseAll() -> [Words] {
        defer {
            held = []
            bytes = 0
            deadline = nil
        }
        nameless.formUnion(held.map(\.sender))
        return held
    }

    /// Another attachment, other people.
    mutating func forgetPeople() { nameless = [] }
}
