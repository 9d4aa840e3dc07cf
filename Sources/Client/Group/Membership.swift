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
    let session: MLS.Identity
    var door = Door()
    var duties: Duties
    /// Our commit that the server has not decided about.
    var proposed: Proposed?
    /// Those who said goodbye or of whom the server says that they are gone.
    var leavers: Set<AttachmentID> = []
    /// Who said something lately, and not goodbye, and until when that lets them stay.
    var heardOf: [AttachmentID: Duration] = [:]
    /// The epoch that we came into.
    let firstEpoch: UInt64
    /// We founded the log's first group: no other is older.
    var isFirst = false
    /// The place of the commit that let us in.
    var joinedAt: UInt64 = 0
    /// The same of those who came in or left since.
    var changes: [AttachmentID: UInt64] = [:]
    /// What came in an epoch whose keys we have dropped, until it is said again.
    var late = LateEntries()
    /// What others are to know of entries that were not opened.
    var remarks = OwnRemarks()
    var ends = EpochEnds()
    /// The epoch into which somebody came back last: they cannot open what was sealed before.
    var lastReturn: UInt64 = 0
    /// How often somebody was taken out as gone and came in again, who may not have been gone.
    var returns: [AttachmentID: Int] = [:]
    /// Somebody was taken out by command, and the room has not moved yet.
    var owed: OwedMove?
    /// Entries are gone, as the server said: there may have been commits among them.
    var hasGap = false
    /// The last entry that we had before such a gap, until somebody who has missed nothing since
    /// shows that they are in our epoch.
    var missedAfter: UInt64?
    var doubt = Doubt()
    /// This person goes: that the others take us out is no surprise.
    var hasSaidBye = false
    /// What this person wants to be called, until the log has it.
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

    /// True when somebody came in, or left, after they had seen the log up to a place, as far as we
    /// know.
    func hasChanged(_ newcomer: AttachmentID, after seen: UInt64) -> Bool {
        (changes[newcomer] ?? (roster[newcomer] == nil ? 0 : joinedAt)) > seen
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
        case renaming([UInt8])
        case renewal
    }

    struct Spoken {
        var ticket: GroupStep.Ticket
        var payload: [UInt8]
        var body: Envelope.Body
        /// The epoch that it was sealed in.
        var epoch: UInt64
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
    /// Who said something without goodbye stays for so long at least, though the server calls them
    /// gone, perhaps to one member alone: it waits longer than that for who is away. In a small room
    /// everybody says within some seconds what they have heard.
    static let stay: Duration = .seconds(30)
    /// The member with the lowest leaf removes first; each further one waits so much longer.
    static let sweepingPerRank: Duration = .seconds(3)
    /// Who was taken out and came in again is taken out after twice as long each time: up to four
    /// minutes.
    static let maximumSweepDoubling = 8
    /// Who took somebody out moves the room so much later: others who want somebody out at the same
    /// moment, and whose commit came second, have time for another.
    static let moving: Duration = .seconds(1)
    /// If that one is gone, the member with the lowest leaf does it so long after the removal …
    static let movingForAnother: Duration = .seconds(4)
    /// … and each further one so much later.
    static let movingPerRank: Duration = .seconds(3)
    /// Who comes in wanting somebody out waits so long, so that the others are in too and are told
    /// of the move: longer than anybody waits to connect again.
    static let removingAnew: Duration = Backoff.cap + .seconds(5)
    /// Members renew their keys this long after they came in at the earliest …
    static let firstRenewal: Duration = .seconds(5)
    /// … spread over so much for each member, so that a room of a thousand sees one every two
    /// seconds.
    static let renewalSpread: Duration = .seconds(2)
    /// In rooms beyond this size a path over a tree without keys costs everybody much (1.2 MB among a
    /// thousand with the hybrid), and so many of them cost more than all that is said. There those
    /// wait for their turn in the hour whose commit would bring little …
    static let largeRoom = 256
    /// … since another one of four neighbours has put keys into the nodes above them.
    static let freshLevel = 2
    /// Nor does anybody renew there for the first time while others come in, one of them within this
    /// time, since each of those leaves a hole in what a path paid for …
    static let quiet: Duration = .seconds(30)
    /// … unless that goes on for so long: who comes and goes cannot keep members from it.
    static let longestGathering: Duration = .seconds(600)
    /// Bytes per second of commits that a slow line keeps up with: after a large one, renewals wait
    /// until it has come through, so that nobody falls behind and loses what the server drops.
    static let pace = 64 << 10
    /// But no longer than this, so that no member keeps the others from it by commits without end.
    static let longestPause: Duration = .seconds(60)
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

    /// What one of many is to say about the record of the log is said within this time.
    static let reminding: Duration = .seconds(4)
    /// Places before which somebody's record is to begin: a claim can name any.
    static let maximumReminders = 16
    /// Whose record is not the oldest waits so long, up to twice, to be told what it takes …
    static let recovery: Duration = .seconds(10)
    /// … and twice as long each time when coming in again was no help: up to ten minutes.
    static let maximumRecoveryDoubling = 6

    /// Who learns that others have dropped the keys of what it said says it again within this
    /// time, unless the server keeps from it what happened: as long as a server waits for who is
    /// away, and a little longer.
    static let sayingAgain: Duration = .seconds(150)

    /// After a commit that could not be made or was refused.
    static let pause: Duration = .seconds(5)
    /// A change of name is tried again after that, and after twice as long each time: up to five
    /// minutes.
    static let maximumRenamingDoubling = 6

    var gathering: Duration?
    var lastAdmission: Duration?
    /// Nobody is taken out by command before this.
    var removing: Duration = .zero
    var sweeping: Duration?
    var renewal: Duration?
    /// Our keys are those that we came in with.
    var isFirstRenewal = true
    /// When the last one came in, and when we did.
    var lastArrival: Duration
    let arrival: Duration
    /// When slow lines have all commits until now, so to speak.
    private(set) var paidUntil: Duration = .zero
    var receipt: Duration?
    /// Before which of its places somebody wants to know the record, and when we say it.
    var reminders: [UInt64: Duration] = [:]
    /// When we say that we want to know it.
    var asking: Duration?
    /// When we have waited long enough for it, and who has which older record than we.
    var recovery: (due: Duration, elder: AttachmentID, origin: UInt64)?
    /// Commits of ours that came to nothing since the last epoch began.
    var conflicts = 0
    /// Changes of our name that came to nothing, and no other before this.
    var failedRenamings = 0
    private(set) var renaming: Duration = .zero
    /// No commit of ours before this.
    var notBefore: Duration = .zero

    init(now: Duration, renewal: Duration) {
        arrival = now
        lastArrival = now
        self.renewal = renewal
    }

    /// A change of our name could not be made, or was refused: something has to change first, and
    /// until then it keeps no other commit back.
    mutating func postponeRenaming(now: Duration) {
        renaming = now + Self.pause * (1 << min(failedRenamings, Self.maximumRenamingDoubling))
        failedRenamings += 1
    }

    /// A commit of so many bytes went to everybody.
    mutating func pay(_ bytes: Int, now: Duration) {
        let time = Duration.seconds(Double(bytes) / Double(Self.pace))
        paidUntil = min(max(paidUntil, now) + time, now + Self.longestPause)
    }

    /// When others have stopped coming in.
    var endOfGathering: Duration {
        min(lastArrival + Self.quiet, arrival + Self.longestGathering)
    }

    /// How many go before a leaf in a large room: the bits of its number in reverse. Each next one
    /// is as far from those before as can be, and finds keys where it would otherwise have to
    /// encrypt to every leaf.
    static func turn(of leaf: UInt32, among members: Int) -> Int {
        let last = max(leaf, UInt32(clamping: members - 1))
        let bits = UInt32.bitWidth - last.leadingZeroBitCount
        return (0..<bits).reduce(0) { $0 << 1 | Int(leaf >> $1 & 1) }
    }
}
