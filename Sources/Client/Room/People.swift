import Wire

/// Who is in the room, and under which names.
struct People: Sendable {
    /// People who are gone and whose last words may still come.
    static let maximumPast = 1024

    private struct Entry: Sendable {
        var isAway: Bool
        var announcement: Announcement?
        var keyTag = ""
        /// The change to be told once there is a name for it.
        var untold: ClientEvent.PersonChange?
    }

    private(set) var me: Person
    private var own: Announcement?
    private var entries: [AttachmentID: Entry] = [:]
    private var past: [AttachmentID: Announcement] = [:]
    private var pastOrder = Queue<AttachmentID>()
    private var namelessCount = 0

    init(me: Person) { self.me = me }

    var hasNameless: Bool { namelessCount > 0 }

    /// Everybody, this client first, then in the order in which they came.
    var all: [Person] {
        [me] + others
    }

    var others: [Person] {
        entries.keys.sorted { $0.number < $1.number }.map(person)
    }

    /// Who is known by name, this client included: what a newcomer is told.
    var announcements: [Announcement] {
        [own].compactMap(\.self) + entries.values.compactMap(\.announcement)
    }

    func isPresent(_ attachment: AttachmentID) -> Bool { entries[attachment] != nil }

    /// Somebody by attachment; without a name when there is none for it.
    func person(_ attachment: AttachmentID) -> Person {
        if attachment == me.attachment { return me }
        let entry = entries[attachment]
        guard let announcement = entry?.announcement ?? past[attachment] else {
            return Person(
                attachment: attachment, name: "", keyTag: "", isAway: entry?.isAway ?? false)
        }
        let tag = entry.map(\.keyTag).flatMap { $0.isEmpty ? nil : $0 }
        return Person(
            attachment: attachment, name: String(decoding: announcement.name, as: UTF8.self),
            keyTag: tag ?? KeyTag.text(ofPublicKey: announcement.publicKey),
            isAway: entry?.isAway ?? false)
    }

    /// The identity key behind an attachment, present or past.
    func key(of attachment: AttachmentID) -> [UInt8]? {
        (entries[attachment]?.announcement ?? past[attachment])?.publicKey
    }

    // MARK: Coming and going

    /// A new place in the room: everybody is met anew.
    mutating func enter(roster: [Presence], own: Announcement) {
        me.attachment = own.attachment
        self.own = own
        entries = [:]
        namelessCount = 0
        for presence in roster { add(presence, untold: .introduced) }
    }

    /// The old place again: who went and came in between.
    mutating func resume(roster: [Presence]) -> [(Person, ClientEvent.PersonChange)] {
        let now = Set(roster.map(\.attachment))
        var changes: [(Person, ClientEvent.PersonChange)] = []
        for gone in entries.keys.filter({ !now.contains($0) }).sorted(by: { $0.number < $1.number })
        {
            changes += remove(gone)
        }
        for presence in roster { changes += update(presence) }
        return changes
    }

    /// - Returns: what is to be told, if anything.
    mutating func update(_ presence: Presence) -> [(Person, ClientEvent.PersonChange)] {
        let id = presence.attachment
        guard presence.state != .gone else { return remove(id) }
        guard let entry = entries[id] else {
            guard entries.count < FrameLimits.maximumRoster else { return [] }
            add(presence, untold: .arrived)
            // Their announcement may have come first.
            guard let early = past[id] else { return [] }
            return learn(early).map { [$0] } ?? []
        }
        let isAway = presence.state == .away
        guard entry.isAway != isAway else { return [] }
        entries[id]?.isAway = isAway
        return [(person(id), isAway ? .away : .back)]
    }

    private mutating func add(_ presence: Presence, untold: ClientEvent.PersonChange) {
        entries[presence.attachment] = Entry(isAway: presence.state == .away, untold: untold)
        namelessCount += 1
    }

    /// Somebody is gone.
    mutating func remove(_ id: AttachmentID) -> [(Person, ClientEvent.PersonChange)] {
        let person = person(id)
        guard let entry = entries.removeValue(forKey: id) else { return [] }
        if let announcement = entry.announcement {
            remember(announcement)
        } else {
            namelessCount -= 1
        }
        // Nobody was told that they came.
        return entry.untold == .arrived ? [] : [(person, .left)]
    }

    private mutating func remember(_ announcement: Announcement) {
        guard past.updateValue(announcement, forKey: announcement.attachment) == nil else { return }
        pastOrder.append(announcement.attachment)
        if pastOrder.count > Self.maximumPast, let oldest = pastOrder.popFirst() {
            past[oldest] = nil
        }
    }

    // MARK: Names

    /// True when there is nothing new in it, so that its signature need not be checked again.
    func knows(_ announcement: Announcement) -> Bool {
        announcement.attachment == me.attachment
            || entries[announcement.attachment]?.announcement == announcement
    }

    /// Takes a verified announcement.
    ///
    /// - Returns: what is to be told; nothing when another key spoke for this attachment already.
    mutating func learn(
        _ announcement: Announcement
    ) -> (Person, ClientEvent.PersonChange)? {
        let id = announcement.attachment
        guard id != me.attachment else { return nil }
        if let known = key(of: id), known != announcement.publicKey { return nil }
        guard var entry = entries[id] else {
            remember(announcement)
            return nil
        }
        if entry.announcement == nil { namelessCount -= 1 }
        entry.announcement = announcement
        entry.keyTag = KeyTag.text(ofPublicKey: announcement.publicKey)
        let untold = entry.untold
        entry.untold = nil
        entries[id] = entry
        return untold.map { (person(id), $0) }
    }

    /// Somebody spoke: if nobody was told that they came, now is the time, name or not.
    mutating func spoke(_ id: AttachmentID) -> (Person, ClientEvent.PersonChange)? {
        guard entries[id]?.untold == .arrived else { return nil }
        entries[id]?.untold = .introduced
        return (person(id), .arrived)
    }
}
