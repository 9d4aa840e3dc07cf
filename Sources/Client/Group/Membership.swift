import MLS
import Wire

/// Our side of the group while we are in it. A class, so that the group, which cannot be copied, has
/// one place.
final class Membership {
    var group: Group
    var roster: RoomRoster
    var record: LogRecord
    let rules: RoomRules
    /// Who we are in the group.
    var session: MLS.Identity
    var door = Door()
    var duties: Duties
    /// Our commit that the server has not decided about.
    var proposed: Proposed?
    /// Those who said goodbye or of whom the server says that they are gone.
    var leavers: Set<AttachmentID> = []
    /// The epoch that we came into.
    let firstEpoch: UInt64
    /// The place of the commit that let us in.
    var joinedAt: UInt64 = 0
    /// The same of those who came in since.
    var joins: [AttachmentID: UInt64] = [:]
    /// Who said something in an epoch whose keys we have dropped, and until when they may say it
    /// again.
    var late: [AttachmentID: Duration] = [:]
    /// How often somebody was taken out as gone and came in again, who may not have been gone.
    var returns: [AttachmentID: Int] = [:]
    /// Identity keys of those whom this person wants out.
    var removals: [[UInt8]] = []
    /// Entries are gone, as the server said: there may have been commits among them.
    var hasGap = false
    /// The epoch that we were in when our connection broke the last time, and when that was.
    var lastInTouch: (epoch: UInt64, at: Duration)?
    var doubt = Doubt()
    /// This person goes: that the others take us out is no surprise.
    var hasSaidBye = false
    /// What this person wants to be called.
    var newName: [UInt8]?
    /// What we said to the group itself, until it has its place in the log.
    var spoken: [Spoken] = []
    /// Groups that were founded in this log after ours.
    var laterGroups: Set<[UInt8]> = []
    /// Messages sealed since our keys were last renewed.
    var sealedCount = 0

    init(
        group: consuming Group, roster: RoomRoster, record: LogRecord, rules: RoomRules,
        session: MLS.Identity, duties: Duties
    ) {
        firstEpoch = group.epoch
        self.group = group
        self.roster = roster
        self.record = record
        self.rules = rules
        self.session = session
        self.duties = duties
    }

    /// True when somebody is in who came in after they had seen the log up to a place, as far as we
    /// know.
    func letIn(_ newcomer: AttachmentID, after seen: UInt64) -> Bool {
        roster[newcomer] != nil && (joins[newcomer] ?? joinedAt) > seen
    }

    /// Groups remembered: in an honest room there is no other.
    static let maximumLaterGroups = 64

    /// A commit of ours, made and not yet in the log.
    final class Proposed {
        let ticket: GroupStep.Ticket
        /// The MLS message inside the entry.
        let message: [UInt8]
        let welcome: [UInt8]
        let ratchetTree: [UInt8]
        let changes: EpochChanges
        let purpose: Purpose
        private var commit: PendingCommit?

        init(
            ticket: GroupStep.Ticket, purpose: Purpose, commit: consuming PendingCommit,
            message: [UInt8], welcome: [UInt8], ratchetTree: [UInt8]
        ) {
            self.ticket = ticket
            self.purpose = purpose
            self.message = message
            self.welcome = welcome
            self.ratchetTree = ratchetTree
            changes = commit.changes
            self.commit = .some(consume commit)
        }

        /// The commit, once.
        func take() -> PendingCommit? { commit.take() }
    }

    /// Why we commit.
    enum Purpose {
        case admission([Door.Waiting])
        /// Those who have gone.
        case sweeping
        /// Those whom this person wants out.
        case removal([RoomMember])
        case renaming
        case renewal
    }

    struct Spoken {
        var ticket: GroupStep.Ticket
        var payload: [UInt8]
        var body: Envelope.Body
    }
}

/// When a member does what members owe each other.
struct Duties: Sendable {
    /// Knocks are gathered so long, so that one commit serves a crowd.
    static let gathering: Duration = .milliseconds(30)
    /// And so long when our last admission was a moment ago: each commit costs every member, and
    /// outdates what others are about to say.
    static let gatheringInAStorm: Duration = .milliseconds(250)
    /// How long a moment is.
    static let storm: Duration = .seconds(1)
    /// Those who go are gathered so long, since a removal costs a path.
    static let sweeping: Duration = .seconds(1)
    /// The member with the lowest leaf removes first; each further one waits so much longer.
    static let sweepingPerRank: Duration = .seconds(3)
    /// Who was taken out and came in again is taken out after twice as long each time: up to four
    /// minutes.
    static let maximumSweepDoubling = 8
    /// Members renew their keys this long after they came in at the earliest …
    static let firstRenewal: Duration = .seconds(5)
    /// … spread over so much for each member, so that a room of a thousand sees one every two
    /// seconds.
    static let renewalSpread: Duration = .seconds(2)
    /// And again after this long …
    static let renewalPeriod: Duration = .seconds(3600)
    /// … or so much for each member, whichever is longer.
    static let renewalPeriodPerMember: Duration = .seconds(4)
    /// Messages after which keys are renewed early: what one stolen key could open.
    static let renewalMessages = 10_000
    /// After another commit came first, so long at least and up to ten times that.
    static let jitter: Duration = .milliseconds(20)
    /// Twice as long each time when no other commit came after all: up to some ten seconds.
    static let maximumDoubling = 6
    /// A receipt waits so long, up to twice, for something else to be said.
    static let receiptDelay: Duration = .seconds(2)

    /// Who lost the thread of the log waits so long, up to twice, for another who has it.
    static let anchoring: Duration = .seconds(10)

    /// Who learns that others have dropped the keys of what it said says it again within this
    /// time, unless the server keeps from it what happened: as long as a server waits for who is
    /// away, and a little longer.
    static let sayingAgain: Duration = .seconds(150)

    /// After a commit that could not be made or was refused.
    static let pause: Duration = .seconds(5)

    var gathering: Duration?
    var lastAdmission: Duration?
    var sweeping: Duration?
    var renewal: Duration?
    var receipt: Duration?
    var anchor: Duration?
    /// Commits of ours that came to nothing since the last epoch began.
    var conflicts = 0
    /// No commit of ours before this.
    var notBefore: Duration = .zero

    init(renewal: Duration) { self.renewal = renewal }
}
