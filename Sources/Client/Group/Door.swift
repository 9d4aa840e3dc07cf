import MLS
import Wire

/// What a member keeps of those who want to come in.
struct Door: Sendable {
    /// Knocks that wait to be committed; the server asks somebody else for those beyond.
    static let maximumQueue = 4096
    /// Newcomers about whom people have to decide: more than fit on a screen. Those beyond wait
    /// without being shown.
    static let maximumAsking = 64
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
        guard asking.count < Self.maximumAsking, decision(on: member) == nil,
            !asking.contains(where: { $0.attachment == member.attachment })
        else { return false }
        asking.append(member)
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
