import TLSSyntax
import Wire

/// What comes out of the room, made into what a person is told.
struct Conversation: Sendable {
    /// Messages remembered, so that one said again after a break is shown once.
    static let maximumRecent = 32_768
    /// Newcomers who wait for a decision; beyond it they are not shown.
    static let maximumNewcomers = 1024

    /// A message is the same when its id and its text are: nobody can use up another's id.
    private struct Recent: Hashable, Sendable {
        var id: MessageID
        var text: Int
    }

    let wallClock: WallClock
    var people: People
    private(set) var newcomers: [Newcomer] = []
    private(set) var joiner = MessageJoiner()
    private(set) var receipts = Receipts()
    private var warnings = Warnings()
    private var recent = RecentSet<Recent>(limit: maximumRecent)
    /// As what the group takes us in: what the server said, and a newcomer ever after.
    private var standing = ServerFrame.Standing.newcomer
    /// Fell out of the group: what was said until we are in again cannot be had.
    private var hasFallenOut = false
    /// Whether the group let us in since the last place was taken.
    private(set) var isInside = false

    init(me: Person, wallClock: WallClock = .system, known: KnownPeople = KnownPeople()) {
        people = People(me: me, known: known)
        self.wallClock = wallClock
    }

    // MARK: The server's word

    /// A new place in the room; the group lets us in later.
    mutating func placed(_ attached: ServerFrame.Attached) {
        standing = attached.standing
        isInside = false
        people.place(roster: attached.roster, now: wallClock.now())
        logBeganAnew()
        newcomers = []
    }

    mutating func resumed(roster: [Presence]) -> [ClientEvent] {
        people.resume(roster: roster, now: wallClock.now()).events
    }

    /// The log began anew: what is not whole will come again from its beginning.
    mutating func logBeganAnew() {
        joiner.dropAll()
        receipts.logBeganAnew()
    }

    mutating func update(_ presence: Presence) -> [ClientEvent] {
        if presence.state == .gone { joiner.drop(sender: presence.attachment) }
        return people.update(presence, now: wallClock.now()).events
    }

    /// Somebody said that they leave.
    mutating func left(_ attachment: AttachmentID) -> [ClientEvent] {
        joiner.drop(sender: attachment)
        return people.depart(attachment).events
    }

    // MARK: The group's word

    /// Takes news that change who is in the room, or what is known of them.
    mutating func heard(_ news: GroupNews) -> [ClientEvent] {
        switch news {
        case .entered(let me, let others, let protection): entered(me, others, protection)
        case .fellOut(let logEnded): fellOut(logEnded: logEnded)
        case .outside(let why): [.outside(why)]
        case .joined(let members): joined(members)
        case .left(let members, let by): left(members, removedBy: by)
        case .renamed(let member): people.rename(member).events + meet([member])
        case .received(let member, let since, let sequence):
            received(by: member, since: since, through: sequence)
        case .lacks(let member, let places): lacks(member, places)
        case .missed(let count): [.missed(count: count)]
        case .lost(let count): [.missed(count: count)]
        case .newcomer(let member): knocked(member)
        case .decided(let attachment, let decision): decided(attachment, decision)
        case .warning(let kind, let about): warned(kind, about)
        case .moved(let secret, let by, let removed):
            [.moved(Move(secret: secret, mover: people.person(by), removed: removed.map(person)))]
        case .content, .removedUs, .turnedAway: []
        }
    }

    private mutating func entered(
        _ me: RoomMember, _ others: [RoomMember], _ protection: Protection
    ) -> [ClientEvent] {
        people.enter(me: me, others: others, now: wallClock.now())
        // Whoever still asks is told of again: the door knows nobody yet.
        newcomers = []
        // Who begins the conversation anew missed nothing of it.
        let hasMissed = hasFallenOut && standing != .founder
        let joined = ClientEvent.Joined(
            me: people.me, standing: standing, people: people.others, protection: protection)
        hasFallenOut = false
        isInside = true
        standing = .newcomer
        let missed: [ClientEvent] = hasMissed ? [.missed(count: nil)] : []
        return [.joined(joined)] + missed + meet(others)
    }

    private mutating func fellOut(logEnded: Bool) -> [ClientEvent] {
        // What is lost with a log, the group finds out.
        if !logEnded { hasFallenOut = true }
        joiner.dropAll()
        return []
    }

    private mutating func joined(_ members: [RoomMember]) -> [ClientEvent] {
        // Who is in waits no longer, however that came.
        newcomers.removeAll { newcomer in
            members.contains { $0.attachment == newcomer.attachment }
        }
        return people.join(members, now: wallClock.now()).events + meet(members)
    }

    private mutating func left(
        _ members: [RoomMember], removedBy: AttachmentID?
    ) -> [ClientEvent] {
        for member in members { joiner.drop(sender: member.attachment) }
        return people.leave(members, removedBy: removedBy).events
    }

    private func person(_ member: RoomMember) -> Person {
        let known = people.person(member.attachment)
        guard known.name.isEmpty else { return known }
        return Person(
            attachment: member.attachment, name: String(decoding: member.name, as: UTF8.self),
            keyTag: KeyTag.text(ofPublicKey: member.identityKey),
            isVerified: people.known.isVerified(member.identityKey),
            isNew: people.known.isNew(member.identityKey))
    }

    // MARK: Who they are elsewhere

    private mutating func meet(_ members: [RoomMember]) -> [ClientEvent] {
        members.flatMap { member -> [ClientEvent] in
            guard member.attachment != people.me.attachment,
                case .nameTaken(let former) = people.meet(member)
            else { return [] }
            return keyChanged(people.person(member.attachment), former)
        }
    }

    /// Keys that are named when somebody has the name of others: more would not be read.
    static let maximumFormerKeys = 4

    private func keyChanged(
        _ person: Person, _ former: [KnownPeople.FormerKey]
    ) -> [ClientEvent] {
        let tags = former.prefix(Self.maximumFormerKeys).map(\.keyTag)
        let changed = ClientEvent.keyChanged(person, formerKeyTags: tags)
        guard former.contains(where: \.isVerified) else { return [changed] }
        let warning = RoomWarning(
            kind: .notTheVerified, person: person,
            sentence: RoomWarning.Kind.notTheVerified.sentence(
                about: "\(ShownName(person.name).text)#\(person.keyTag)", since: ""))
        return [changed, .warning(warning)]
    }

    mutating func setVerified(_ isVerified: Bool, _ person: AttachmentID) -> [ClientEvent] {
        people.setVerified(isVerified, person).events
    }

    // MARK: Who asks to be let in

    private mutating func knocked(_ member: RoomMember) -> [ClientEvent] {
        let newcomer = Newcomer(
            attachment: member.attachment, name: String(decoding: member.name, as: UTF8.self),
            keyTag: KeyTag.text(ofPublicKey: member.identityKey),
            isVerified: people.known.isVerified(member.identityKey))
        guard !newcomers.contains(newcomer), newcomers.count < Self.maximumNewcomers else {
            return []
        }
        newcomers.removeAll { $0.attachment == newcomer.attachment }
        newcomers.append(newcomer)
        // Before they are let in is when it matters that the name is another's.
        let meeting = people.known.meeting(key: member.identityKey, name: newcomer.name)
        guard case .nameTaken(let former) = meeting else { return [.newcomer(newcomer)] }
        return [.newcomer(newcomer)] + keyChanged(person(member), former)
    }

    private mutating func decided(
        _ attachment: AttachmentID, _ decision: NewcomerDecision
    ) -> [ClientEvent] {
        guard let newcomer = newcomers.first(where: { $0.attachment == attachment }) else {
            return []
        }
        newcomers.removeAll { $0.attachment == attachment }
        let told: Newcomer.Decision =
            switch decision {
            case .admitted(let by): .admitted(by: people.person(by))
            case .refused(let by): .refused(by: people.person(by))
            case .gone: .gone
            }
        return [.decided(newcomer, told)]
    }

    // MARK: Agreement

    /// All of a message of ours is in the log.
    mutating func sent(_ message: MessageID, at places: [UInt64]) {
        receipts.sent(message, at: places, to: people.listeners(now: wallClock.now()))
    }

    private mutating func lacks(_ member: AttachmentID, _ places: [UInt64]) -> [ClientEvent] {
        receipts.lacks(member, places: Set(places))
        return []
    }

    private mutating func received(
        by member: AttachmentID, since: UInt64, through sequence: UInt64
    ) -> [ClientEvent] {
        people.agreed(member, at: wallClock.now())
        return receipts.received(by: member, since: since, through: sequence).map {
            .received($0.message, by: $0.received, of: $0.audience)
        }
    }

    private mutating func warned(
        _ kind: RoomWarning.Kind, _ about: AttachmentID?
    ) -> [ClientEvent] {
        guard kind != .outsider else {
            return warnings.outsiderWrote(now: wallClock.now()).map { [.warning($0)] } ?? []
        }
        let subject = about.map { id in
            (person: people.person(id), key: people.key(of: id) ?? id.tlsEncoded)
        }
        let name = subject.flatMap { people.called($0.person) }
        let since = about.flatMap(people.agreedAt) ?? wallClock.now()
        let warning = warnings.warn(
            kind, about: subject, called: name, since: wallClock.timeOfDay(since))
        return warning.map { [.warning($0)] } ?? []
    }

    // MARK: What is said

    /// Takes a part of a message as it comes.
    mutating func heard(_ part: Content.TextPart, by sender: AttachmentID) -> [ClientEvent] {
        let back = people.spoke(sender).events
        guard let bytes = joiner.add(part, from: sender),
            recent.insert(Recent(id: part.message, text: bytes.hashValue))
        else { return back }
        let message = Message(
            id: part.message, sender: people.person(sender),
            text: String(decoding: bytes, as: UTF8.self), isAction: part.style == .action)
        return back + [.message(message)]
    }

    /// Somebody said something that is not for the screen.
    mutating func spoke(_ sender: AttachmentID) -> [ClientEvent] { people.spoke(sender).events }
}

extension [People.Change] {
    fileprivate var events: [ClientEvent] { map { .person($0.person, $0.change) } }
}
