import MLS
import Wire

/// What a member keeps of those who want to come in.
struct Door: Sendable {
    /// Knocks that wait to be committed; the server asks somebody else for those beyond.
    static let maximumQueue = 4096
    /// Newcomers about whom people have to decide: twice as many as one address has connections to a
    /// server that was started without options. Beyond them somebody makes room by lot.
    static let maximumAsking = 1024
    /// So many may ask at once before those who ask are told of one after the other.
    static let crowd = 16
    /// In a crowd one is told of so often, who has asked before: nobody fills screens and the log by
    /// coming and going.
    static let announcementSpacing: Duration = .milliseconds(250)
    /// As many as that at once, when nobody was told of for a while.
    static let maximumAnnouncements = 64
    /// Those who asked once: they ask again within some seconds.
    static let maximumSeen = 4096
    /// Decisions remembered; the oldest go first.
    static let maximumDecisions = 1024

    /// A knock that will be let in by the next commit.
    struct Waiting: Sendable {
        var knock: KnockID
        var newcomer: AttachmentID
        var keyPackage: KeyPackage
    }

    struct Decision: Sendable {
        var identityKey: [UInt8]
        var admits: Bool
    }

    var queue: [Waiting] = []
    /// Those who asked and about whom nothing is decided, in the order in which they came.
    private(set) var asking: [RoomMember] = []
    private var seen = RecentSet<AttachmentID>(limit: maximumSeen)
    private var nextAnnouncement: Duration = .zero
    private var decisions: [AttachmentID: Decision] = [:]
    private var decisionOrder: [AttachmentID] = []
    /// Identity keys of those who were removed by command: they stay out.
    private(set) var banned: Set<[UInt8]> = []

    var isFull: Bool { queue.count >= Self.maximumQueue }

    /// Takes a knock in; a newer one of the same newcomer takes the older's place.
    mutating func enqueue(_ waiting: Waiting) {
        queue.removeAll { $0.newcomer == waiting.newcomer }
        queue.append(waiting)
    }

    /// What was decided about a newcomer with this key; nil when nothing was.
    func decision(on member: RoomMember) -> Bool? {
        guard let decision = decisions[member.attachment],
            decision.identityKey == member.identityKey
        else { return nil }
        return decision.admits
    }

    /// Notes that somebody asks; false when that was known.
    mutating func asks(_ member: RoomMember) -> Bool {
        guard decision(on: member) == nil,
            !asking.contains(where: { $0.attachment == member.attachment })
        else { return false }
        asking.append(member)
        return true
    }

    /// When more ask than there are places, one of those before the last loses theirs by lot, and has
    /// to ask again: so nobody keeps others out by taking all.
    mutating func makeRoom(by lot: UInt64) -> RoomMember? {
        guard asking.count > Self.maximumAsking else { return nil }
        return asking.remove(at: Int(lot % UInt64(asking.count - 1)))
    }

    /// Whether the members may be told now that somebody asks.
    ///
    /// - Parameter waiting: how many they are about to be told of.
    mutating func mayAnnounce(_ newcomer: AttachmentID, waiting: Int, now: Duration) -> Bool {
        guard asking.count + waiting >= Self.crowd else { return true }
        guard !seen.insert(newcomer),
            nextAnnouncement < now + Self.announcementSpacing * Self.maximumAnnouncements
        else { return false }
        nextAnnouncement = max(nextAnnouncement, now) + Self.announcementSpacing
        return true
    }

    func isAsking(_ member: RoomMember) -> Bool { asking.contains(member) }

    /// Notes what a member decided; nil when nobody of that key asks, as far as we know: who came
    /// in a moment ago did not hear them ask, and may be whom they ask next.
    mutating func decide(
        _ attachment: AttachmentID, identityKey: [UInt8], admits: Bool
    ) -> RoomMember? {
        if decisions.updateValue(
            Decision(identityKey: identityKey, admits: admits), forKey: attachment) == nil
        {
            decisionOrder.append(attachment)
            if decisionOrder.count > Self.maximumDecisions {
                decisions[decisionOrder.removeFirst()] = nil
            }
        }
        let index = asking.firstIndex {
            $0.attachment == attachment && $0.identityKey == identityKey
        }
        return index.map { asking.remove(at: $0) }
    }

    /// Somebody went away or came in; true when they were asking.
    mutating func forget(_ attachment: AttachmentID) -> Bool {
        queue.removeAll { $0.newcomer == attachment }
        let count = asking.count
        asking.removeAll { $0.attachment == attachment }
        return asking.count < count
    }

    mutating func ban(_ members: [RoomMember]) {
        for member in members { banned.insert(member.identityKey) }
    }
}
