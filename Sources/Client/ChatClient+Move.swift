import Wire

/// How a client follows its room to another secret.
struct MoveUnderWay: Sendable {
    /// Who did not move the room enters the new one up to so much later than who did: that one
    /// founds it, and the others do not all knock at one moment.
    static let maximumJitter: Duration = .milliseconds(300)

    /// The new secret, from when it is told to when the old room is left.
    var secret: RoomSecret?
    /// When the new room may be entered.
    var startsAt: Duration = .zero
    /// The old room is left, and the new one not yet begun.
    var isUnderWay = false
    /// A connection is there or being made; there is one at a time.
    var isConnectionOpen = false
    /// Identity keys of those who were in the old room, or in the log before it began anew, and are
    /// not back yet.
    var companions: Set<[UInt8]> = []

    /// What this person wants to be called, be it that the room moves before all know.
    var name: String?

    /// When `enterNewRoomIfDue` is to be called.
    var deadline: Duration? { isUnderWay && !isConnectionOpen ? startsAt : nil }
}

extension ChatClient {
    /// The room goes on under another secret; the session leaves this one by itself.
    func plan(_ secret: RoomSecret, by mover: AttachmentID) {
        var random = random
        let jitter = MoveUnderWay.maximumJitter * Double.random(in: 0...1, using: &random)
        move.secret = secret
        move.startsAt = clock.now() + (mover == conversation.people.me.attachment ? .zero : jitter)
        move.companions = conversation.people.keys
    }

    /// The old room is left: what was not acknowledged there is said in the new one.
    func prepareNewRoom() {
        guard let secret = move.secret else { return }
        move.secret = nil
        move.isUnderWay = true
        let group = makeGroup(
            GroupSetting(
                secret: secret, identity: identity,
                name: Array((move.name ?? conversation.people.me.name).utf8),
                options: options, companions: move.companions,
                removals: session.group.removals, wallClock: conversation.wallClock.now,
                random: random))
        session = RoomSession(
            access: secret.accessKey, agent: agent, group: group, movedWith: session.outbox,
            said: session.said, patience: session.patience, random: session.random)
        enterNewRoomIfDue()
    }

    func enterNewRoomIfDue() {
        guard move.isUnderWay, !move.isConnectionOpen, clock.now() >= move.startsAt else { return }
        move.isUnderWay = false
        session.start(now: clock.now())
    }

    /// The log began anew: those who were there are on their way back.
    func noteCompanions() {
        // Who did not come in meanwhile knows nothing newer.
        guard session.isGathering, conversation.isInside else { return }
        move.companions = conversation.people.keys
    }

    /// What waits for the others to be in the new room need not wait longer than that.
    func lookForCompanions() {
        guard !move.companions.isEmpty else { return }
        move.companions.subtract(conversation.people.keys)
        if move.companions.isEmpty { session.gathered(now: clock.now()) }
    }
}
