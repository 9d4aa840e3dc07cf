import Wire

/// What comes out of the room, made into what a person is told.
struct Conversation: Sendable {
    /// Messages remembered, so that one said again after a break is shown once.
    static let maximumRecent = 32_768

    /// A message is the same when its id and its text are: nobody can use up another's id.
    private struct Recent: Hashable, Sendable {
        var id: MessageID
        var text: Int
    }

    /// One run of one person's client: its messages' ids count up from a random start.
    private struct Run: Hashable, Sendable {
        var key: [UInt8]
        var start: UInt64
    }

    /// Runs whose last message is remembered; beyond it, all are forgotten and order is as it comes.
    static let maximumRuns = 16_384

    let room: RoomID
    private var lastOfRun: [Run: UInt64] = [:]
    var people: People
    private(set) var joiner = MessageJoiner()
    private var recent = RecentSet<Recent>(limit: maximumRecent)

    init(room: RoomID, me: Person) {
        self.room = room
        people = People(me: me)
    }

    mutating func entered(_ attached: ServerFrame.Attached, own: Announcement) -> ClientEvent {
        joiner.dropAll()
        people.enter(roster: attached.roster, own: own)
        return .joined(
            ClientEvent.Joined(
                me: people.me, standing: attached.standing, people: people.others))
    }

    mutating func resumed(roster: [Presence]) -> [ClientEvent] {
        people.resume(roster: roster).map { .person($0.0, $0.1) }
    }

    /// The log began anew: what is not whole will come again from its beginning.
    mutating func restarted() { joiner.dropAll() }

    mutating func update(_ presence: Presence) -> [ClientEvent] {
        if presence.state == .gone { joiner.drop(sender: presence.attachment) }
        return people.update(presence).map { .person($0.0, $0.1) }
    }

    mutating func left(_ attachment: AttachmentID) -> [ClientEvent] {
        joiner.drop(sender: attachment)
        return people.remove(attachment).map { .person($0.0, $0.1) }
    }

    /// Takes names that a member told; those whose signature does not hold are passed over.
    mutating func learn(_ announcements: [Announcement]) -> [ClientEvent] {
        announcements.compactMap { announcement in
            guard !people.knows(announcement), announcement.isValid(in: room) else { return nil }
            return people.learn(announcement).map { .person($0.0, $0.1) }
        }
    }

    mutating func said(_ part: Content.TextPart, by sender: AttachmentID) -> [ClientEvent] {
        guard let bytes = joiner.add(part, from: sender) else { return [] }
        guard recent.insert(Recent(id: part.message, text: bytes.hashValue)) else { return [] }
        guard isInOrder(part.message, by: sender) else { return [] }
        var events: [ClientEvent] = []
        if let (person, change) = people.spoke(sender) { events.append(.person(person, change)) }
        let text = String(decoding: bytes, as: UTF8.self)
        let message = Message(id: part.message, sender: people.person(sender), text: text)
        events.append(.message(message))
        return events
    }

    /// False for a message that its sender said before another that we have: it is said again after
    /// a break, and we were not there the first time.
    private mutating func isInOrder(_ id: MessageID, by sender: AttachmentID) -> Bool {
        guard let key = people.key(of: sender) else { return true }
        let run = Run(key: key, start: UInt64(truncatingIfNeeded: id.number >> 64))
        let number = UInt64(truncatingIfNeeded: id.number)
        if let last = lastOfRun[run], number <= last { return false }
        if lastOfRun.count >= Self.maximumRuns { lastOfRun = [:] }
        lastOfRun[run] = number
        return true
    }
}
