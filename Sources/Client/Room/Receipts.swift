import Wire

/// Who has what this client said.
///
/// What others tell is cumulative: they have everything up to a place in the log, from when they came
/// in or last lost something.
struct Receipts: Sendable {
    /// People in a room, this client included, up to which members tell each other what they have:
    /// each tells all others, so that it grows with the square of the room.
    static let maximumRoom = 50
    /// Messages that somebody has not got yet and that are remembered: the oldest are given up.
    static let maximumMessages = 1024

    /// So many of those who were there have a message.
    struct Count: Equatable, Sendable {
        var message: MessageID
        var received: Int
        var audience: Int
    }

    private struct Said: Sendable {
        var message: MessageID
        /// Where its parts are in the log.
        var places: Set<UInt64>
        /// The last of them.
        var sequence: UInt64
        var received: [AttachmentID] = []
        var missing: Set<AttachmentID>
        /// Those of them that could not open a part of it.
        var unable: Set<AttachmentID> = []
    }

    /// In the order of the log; those that all have are dropped, but for the last.
    private var said: [Said] = []

    /// All of a message is in the log.
    ///
    /// - Parameter audience: the others who are members there.
    mutating func sent(_ message: MessageID, at places: [UInt64], to audience: [AttachmentID]) {
        guard audience.count < Self.maximumRoom, let last = places.max() else { return }
        said.removeAll(where: \.missing.isEmpty)
        if said.count == Self.maximumMessages { said.removeFirst() }
        said.append(
            Said(
                message: message, places: Set(places), sequence: last, missing: Set(audience)))
    }

    /// Somebody could not open what is at these places: they never have it.
    mutating func lacks(_ member: AttachmentID, places: Set<UInt64>) {
        for index in said.indices
        where said[index].missing.contains(member) && !said[index].places.isDisjoint(with: places) {
            said[index].unable.insert(member)
        }
    }

    /// Somebody has everything between two places in the log.
    ///
    /// - Returns: the messages that more have now than before.
    mutating func received(
        by member: AttachmentID, since: UInt64, through sequence: UInt64
    ) -> [Count] {
        var grown: [Count] = []
        for index in said.indices
        where said[index].sequence <= sequence && said[index].sequence >= since {
            guard !said[index].unable.contains(member),
                said[index].missing.remove(member) != nil
            else { continue }
            said[index].received.append(member)
            let now = said[index]
            grown.append(
                Count(
                    message: now.message, received: now.received.count,
                    audience: now.received.count + now.missing.count))
        }
        guard let last = said.last?.message else { return grown }
        said.removeAll { $0.missing.isEmpty && $0.message != last }
        return grown
    }

    /// Places in an earlier log say nothing about this one.
    mutating func logBeganAnew() { said = [] }

    /// Who has the last message, in the order in which they got it, and who has not.
    var last: (received: [AttachmentID], missing: Set<AttachmentID>) {
        said.last.map { ($0.received, $0.missing) } ?? ([], [])
    }
}
