import Wire

/// The group that a room's members form, and what stands between the room's log and what people
/// say: everything passes through it.
///
/// It is a state machine without I/O. It is told what happens, everything once and in order, and
/// answers with the steps that the session should take for it. Nothing of a person's is sealed
/// before `isReady`.
protocol RoomGroup: AnyObject {
    /// True when `seal` can be asked.
    var isReady: Bool { get }

    /// Under which keys `seal` seals; nil when it cannot.
    var sealing: Sealing? { get }

    /// When `tick` is to be called.
    var deadline: Duration? { get }

    /// Identity keys of those who are in now, this client included.
    var present: Set<[UInt8]> { get }

    /// The same, and of those who were in before the log began anew and are waited for.
    var audience: Set<[UInt8]> { get }

    /// A place in the room was taken or taken up again. Whatever was under way is begun anew unless
    /// the standing is `resumed`.
    func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep]

    /// The connection is gone; time goes on, and nothing can be asked for until `attached`.
    func detached(now: Duration) -> [GroupStep]

    /// Everything that was in the log at an earlier time has passed through `entry`.
    func caughtUp(to time: Duration, now: Duration)

    /// The log began anew under the same attachment; at `position` it is empty.
    func reset(to position: Position, now: Duration) -> [GroupStep]

    /// Entries are gone that we never had.
    func gap(now: Duration) -> [GroupStep]

    /// A newcomer asks this member to let it in.
    func knocked(_ knock: ServerFrame.Knocked, now: Duration) -> [GroupStep]

    /// A member answered our knock.
    func answered(_ answer: ServerFrame.Answered, now: Duration) -> [GroupStep]

    /// No member answered.
    func unanswered(now: Duration) -> [GroupStep]

    /// An entry, another's or our own, at its place in the log.
    func entry(_ entry: LogEntry, now: Duration) -> [GroupStep]

    /// An append that the group asked for is decided. One that was accepted has passed through
    /// `entry` before, unless the server had it from an earlier connection.
    func settled(_ ticket: GroupStep.Ticket, _ outcome: AppendOutcome, now: Duration)
        -> [GroupStep]

    /// Somebody came, went or is away, as the server says.
    func presence(_ presence: Presence, now: Duration) -> [GroupStep]

    /// Time has passed.
    func tick(now: Duration) -> [GroupStep]

    /// A person asks for a change of the room.
    func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) -> [GroupStep]

    /// Those whom this person wanted out and who are still to be taken out, be it after a move.
    var removals: [RoomMember] { get }

    /// Seals what one member says to all.
    ///
    /// - Throws: `GroupError`; what was not sealed stays queued.
    func seal(_ content: [UInt8], now: Duration) throws(GroupError) -> [UInt8]

    /// Whether all others can open what was sealed so, should it come into the log only now.
    func canBeRead(_ sealing: Sealing, now: Duration) -> Bool
}

/// The keys that a group seals with for a time.
struct Sealing: Hashable, Sendable {
    var group: [UInt8]
    var epoch: UInt64
}

/// A group that does not know people by keys.
extension RoomGroup {
    var present: Set<[UInt8]> { [] }
    var audience: Set<[UInt8]> { present }
}

/// An entry at its place in the log.
struct LogEntry: Sendable {
    var sequence: UInt64
    /// Whose it is, as the server says.
    var sender: AttachmentID
    var kind: EntryKind
    var payload: [UInt8]
    /// True for what this attachment appended: when it is acknowledged, or when it comes in a
    /// replay before that.
    var isOwn: Bool
}

/// Somebody in the group, as their leaf says and as was checked.
struct RoomMember: Hashable, Sendable {
    var attachment: AttachmentID
    /// UTF-8, from 1 to 64 bytes.
    var name: [UInt8]
    /// Ed25519, 32 bytes: who the person is in every room.
    var identityKey: [UInt8]
}

/// What a group wants done.
enum GroupStep: Sendable {
    /// The group's own name for an append of its.
    struct Ticket: Hashable, Sendable {
        let number: UInt64
        init(_ number: UInt64) { self.number = number }
    }

    case knock([UInt8])
    case answer(knocks: [KnockID], payload: [UInt8])
    /// Appends an entry, ahead of what people say. A commit names the log's epoch.
    case append(Ticket, kind: EntryKind, epoch: UInt64, payload: [UInt8])
    /// Whether this member would let newcomers in.
    case ready(Bool)
    /// Our own entry that just passed was sealed in an epoch whose keys the others have dropped by
    /// now: it is to be sealed and said again.
    case sayAgain
    /// A member that was here before had heard no more of the logs than this: what we said after it
    /// is to be said again.
    case repeatUnheard(by: [HeardLog])
    case news(GroupNews)
}

/// What happened in the group, in the order of the log.
enum GroupNews: Sendable {
    /// We are in; `others` are those who are in too.
    case entered(me: RoomMember, others: [RoomMember], Protection)
    /// We are no longer in, and try to come in again; why was told by `warning` or is plain. When the
    /// log ended, it is found out what we did not hear, and told by `lost`.
    case fellOut(logEnded: Bool)
    /// So many messages were lost to us with an earlier log; nil when their number is not known.
    case lost(count: Int?)
    case outside(Outside)
    case joined([RoomMember])
    /// Were taken out: by a member's command, or because they had gone.
    case left([RoomMember], removedBy: AttachmentID?)
    /// The same attachment and key, another name.
    case renamed(RoomMember)
    /// A member said something, authentically; `sequence` is its place in the log.
    case content(sender: AttachmentID, [UInt8], sequence: UInt64)
    /// A member has everything between these places in the log, and it is what we have.
    case received(by: AttachmentID, since: UInt64, through: UInt64)
    /// A member could not open the entries at these places.
    case lacks(AttachmentID, places: [UInt64])
    /// So many entries of members came too late to be opened, and nobody said them again.
    case missed(count: Int)
    case newcomer(RoomMember)
    case decided(newcomer: AttachmentID, NewcomerDecision)
    /// About a member, if about anybody.
    case warning(RoomWarning.Kind, about: AttachmentID?)
    /// The room goes on under another secret; all that is left to do here is to leave.
    case moved(RoomSecret, by: AttachmentID, removed: RoomMember?)
    /// A member took us out for good.
    case removedUs(by: RoomMember)
    /// A member turned us away.
    case turnedAway
}

enum NewcomerDecision: Sendable {
    case admitted(by: AttachmentID)
    case refused(by: AttachmentID)
    case gone
}

/// What a person may ask of the group.
enum GroupWish: Sendable {
    case admit(AttachmentID)
    case refuse(AttachmentID)
    /// Takes somebody out and moves the room to a fresh secret.
    case remove(AttachmentID)
    /// UTF-8, from 1 to 64 bytes.
    case rename([UInt8])
}

/// How an append ended.
enum AppendOutcome: Hashable, Sendable {
    case accepted(sequence: UInt64)
    /// Another commit came first; the room is at this epoch.
    case conflict(epoch: UInt64)
    case refused
}

/// Why nothing was sealed.
enum GroupError: Error, Equatable, Sendable {
    /// We are not in the group yet.
    case notReady
}
