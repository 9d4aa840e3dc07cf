import Wire

/// Who is in the room. That somebody is a member, under which name and key, the group says; whether
/// a connection of theirs is there, the server.
struct People: Sendable {
    typealias Change = (person: Person, change: ClientEvent.PersonChange)

    /// People who are gone and of whom something may still be said.
    static let maximumPast = 1024
    /// Seconds away after which somebody is not counted among those who should have a message: a line
    /// that broke is back by then, and a client that was killed never is.
    static let shortAbsence: UInt64 = 30

    private struct Entry: Sendable {
        var member: RoomMember
        var keyTag: String
        /// In the order in which they came.
        var order: UInt64
        /// The server says so, and the group has not taken them out yet.
        var isGone = false
        /// When what they have of the conversation was last found to be what we have.
        var agreedAt: UInt64
    }

    private(set) var me: Person
    /// What is known of people from here and elsewhere.
    var known: KnownPeople
    private var myKey: [UInt8] = []
    private var entries: [AttachmentID: Entry] = [:]
    /// Whom the server calls away (true) or here; some of them are no members.
    private var isAway: [AttachmentID: Bool] = [:]
    /// Since when, in seconds since 1970.
    private var awaySince: [AttachmentID: UInt64] = [:]
    private var past: [AttachmentID: RoomMember] = [:]
    private var pastOrder = Queue<AttachmentID>()
    private var count: UInt64 = 0

    init(me: Person, known: KnownPeople = KnownPeople()) {
        self.me = me
        self.known = known
    }

    /// Everybody, this client first, then in the order in which they came.
    var all: [Person] { [me] + others }

    var others: [Person] {
        entries.filter { !$0.value.isGone }.sorted { $0.value.order < $1.value.order }
            .map { person($0.key) }
    }

    /// The others, in no order.
    var audience: [AttachmentID] { entries.filter { !$0.value.isGone }.map(\.key) }

    /// The others who should have what is said now, in no order: those here, and those away for a
    /// short time who are not here at another place.
    func listeners(now: UInt64) -> [AttachmentID] {
        let here = Set(
            entries.lazy.filter { !$0.value.isGone && isAway[$0.key] == false }
                .map(\.value.member.identityKey))
        return entries.filter { id, entry in
            guard !entry.isGone, isAway[id] != false else { return !entry.isGone }
            return now - min(now, awaySince[id] ?? 0) < Self.shortAbsence
                && !here.contains(entry.member.identityKey)
        }.map(\.key)
    }

    func isPresent(_ attachment: AttachmentID) -> Bool { entries[attachment]?.isGone == false }

    /// Somebody by attachment; without a name when they never were a member.
    func person(_ attachment: AttachmentID) -> Person {
        if attachment == me.attachment { return me }
        guard let member = entries[attachment]?.member ?? past[attachment] else {
            return Person(attachment: attachment, name: "", keyTag: "")
        }
        return person(
            member, keyTag: entries[attachment]?.keyTag,
            isAway: entries[attachment] != nil && isAway[attachment] ?? true)
    }

    /// A member as a person.
    private func person(_ member: RoomMember, keyTag: String? = nil, isAway: Bool) -> Person {
        Person(
            attachment: member.attachment, name: String(decoding: member.name, as: UTF8.self),
            keyTag: keyTag ?? KeyTag.text(ofPublicKey: member.identityKey), isAway: isAway,
            isVerified: known.isVerified(member.identityKey),
            isNew: member.identityKey != myKey && known.isNew(member.identityKey))
    }

    /// The identity key behind an attachment, present or past.
    func key(of attachment: AttachmentID) -> [UInt8]? {
        (entries[attachment]?.member ?? past[attachment])?.identityKey
    }

    /// The identity keys of the others who are here.
    var keys: Set<[UInt8]> {
        Set(entries.values.lazy.filter { !$0.isGone }.map(\.member.identityKey))
    }

    /// What a sentence calls somebody: their name as it is shown, with the key's tag where the name is
    /// not theirs alone. Nil for who never was a member.
    func called(_ person: Person) -> String? {
        guard !person.name.isEmpty || !person.keyTag.isEmpty else { return nil }
        let name = ShownName(person.name)
        let isShared = all.contains {
            $0.attachment != person.attachment && ShownName($0.name).folded == name.folded
        }
        return isShared || name.isEmpty ? "\(name.text)#\(person.keyTag)" : name.text
    }

    // MARK: Who they are elsewhere

    /// Notes that somebody is a member, under their key and name; our own other terminals are nobody
    /// new.
    mutating func meet(_ member: RoomMember) -> KnownPeople.Meeting {
        guard member.identityKey != myKey else { return .known(formerName: nil) }
        return known.meet(
            key: member.identityKey, name: String(decoding: member.name, as: UTF8.self))
    }

    /// Notes that the keys were compared, or takes the note back.
    ///
    /// - Returns: what is to be told, of each place at which the person is.
    mutating func setVerified(_ isVerified: Bool, _ id: AttachmentID) -> [Change] {
        guard let member = entries[id]?.member else { return [] }
        known.setVerified(
            isVerified, key: member.identityKey,
            name: String(decoding: member.name, as: UTF8.self))
        return entries.filter { $0.value.member.identityKey == member.identityKey }
            .sorted { $0.value.order < $1.value.order }
            .map { (person($0.key), .verified(isVerified)) }
    }

    // MARK: The server's word

    /// A new place in the room: everybody is met anew.
    mutating func place(roster: [Presence], now: UInt64 = 0) {
        for entry in entries.values { remember(entry.member) }
        entries = [:]
        awaySince = [:]
        note(roster, now: now)
    }

    private mutating func note(_ roster: [Presence], now: UInt64) {
        isAway = [:]
        let before = awaySince
        awaySince = [:]
        for presence in roster {
            isAway[presence.attachment] = presence.state == .away
            guard presence.state == .away else { continue }
            awaySince[presence.attachment] = before[presence.attachment] ?? now
        }
    }

    /// The old place again. Who is not there any more is away, until the group takes them out: what
    /// they said before they went is still to come.
    mutating func resume(roster: [Presence], now: UInt64 = 0) -> [Change] {
        let before = isAway
        note(roster, now: now)
        return entries.sorted { $0.value.order < $1.value.order }.compactMap { id, entry in
            changed(id, wasAway: before[id] ?? true, wasGone: entry.isGone)
        }
    }

    /// - Returns: what is to be told, if anything.
    mutating func update(_ presence: Presence, now: UInt64 = 0) -> [Change] {
        let id = presence.attachment
        guard presence.state != .gone else {
            isAway[id] = nil
            awaySince[id] = nil
            return depart(id)
        }
        guard isAway[id] != nil || isAway.count < FrameLimits.maximumRoster else { return [] }
        let wasAway = isAway.updateValue(presence.state == .away, forKey: id) ?? true
        awaySince[id] = presence.state == .away ? awaySince[id] ?? now : nil
        guard let entry = entries[id] else { return [] }
        return changed(id, wasAway: wasAway, wasGone: entry.isGone).map { [$0] } ?? []
    }

    private mutating func changed(
        _ id: AttachmentID, wasAway: Bool, wasGone: Bool
    ) -> Change? {
        guard let isAway = isAway[id] ?? (wasGone ? nil : true) else { return nil }
        entries[id]?.isGone = false
        guard wasGone || wasAway != isAway else { return nil }
        return (person(id), isAway && !wasGone ? .away : .back)
    }

    /// Somebody left, or the server says so; the group takes them out later.
    mutating func depart(_ id: AttachmentID) -> [Change] {
        guard isPresent(id) else { return [] }
        let person = person(id)
        entries[id]?.isGone = true
        return [(person, .left)]
    }

    /// Somebody said something: if they were thought to be gone, they are not.
    mutating func spoke(_ id: AttachmentID) -> [Change] {
        guard entries[id]?.isGone == true else { return [] }
        entries[id]?.isGone = false
        return [(person(id), .back)]
    }

    // MARK: The group's word

    mutating func enter(me member: RoomMember, others: [RoomMember], now: UInt64) {
        for entry in entries.values { remember(entry.member) }
        entries = [:]
        myKey = member.identityKey
        me = person(member, isAway: false)
        for other in others where other.attachment != me.attachment { add(other, now: now) }
    }

    private mutating func add(_ member: RoomMember, now: UInt64) {
        count += 1
        entries[member.attachment] = Entry(
            member: member, keyTag: KeyTag.text(ofPublicKey: member.identityKey), order: count,
            agreedAt: now)
    }

    mutating func join(_ members: [RoomMember], now: UInt64) -> [Change] {
        members.flatMap { member -> [Change] in
            let id = member.attachment
            guard id != me.attachment else { return [] }
            guard entries[id]?.member.identityKey == member.identityKey else {
                let former = take(id, removedBy: nil)
                add(member, now: now)
                return former + [(person(id), .arrived)]
            }
            return spoke(id) + rename(member)
        }
    }

    mutating func leave(_ members: [RoomMember], removedBy: AttachmentID?) -> [Change] {
        members.flatMap { take($0.attachment, removedBy: removedBy) }
    }

    private mutating func take(_ id: AttachmentID, removedBy: AttachmentID?) -> [Change] {
        let person = person(id)
        guard let entry = entries.removeValue(forKey: id) else { return [] }
        remember(entry.member)
        if let removedBy { return [(person, .removed(by: self.person(removedBy)))] }
        return entry.isGone ? [] : [(person, .left)]
    }

    mutating func rename(_ member: RoomMember) -> [Change] {
        let id = member.attachment
        let former = person(id)
        if id == me.attachment {
            me.name = String(decoding: member.name, as: UTF8.self)
        } else {
            entries[id]?.member.name = member.name
        }
        let person = person(id)
        return person.name == former.name ? [] : [(person, .renamed(from: former.name))]
    }

    private mutating func remember(_ member: RoomMember) {
        guard past.updateValue(member, forKey: member.attachment) == nil else { return }
        pastOrder.append(member.attachment)
        if pastOrder.count > Self.maximumPast, let oldest = pastOrder.popFirst() {
            past[oldest] = nil
        }
    }

    // MARK: Agreement

    mutating func agreed(_ id: AttachmentID, at now: UInt64) { entries[id]?.agreedAt = now }

    /// When what somebody has was last found to be what we have, in seconds since 1970.
    func agreedAt(_ id: AttachmentID) -> UInt64? { entries[id]?.agreedAt }
}
