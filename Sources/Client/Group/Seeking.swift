import MLS
import Wire

/// A newcomer's mind: what it has asked, and what it holds back until it can read.
struct Seeking {
    /// Entries held until we are in: more than come in the seconds that it takes. If there are more,
    /// we ask to be let in later in the log.
    static let maximumHeld = 2048
    /// Bytes of entries held.
    static let maximumHeldBytes = 8 << 20
    /// Key packages whose answer may still come.
    static let maximumBundles = 4
    /// The server takes twelve knocks a minute.
    static let knocksPerMinute = 10
    /// Knocks are at least so far apart when nobody told us to wait.
    static let spacing: Duration = .milliseconds(1200)
    /// The server always answers, within a minute; if it does not, we ask again after this long.
    static let patience: Duration = .seconds(65)
    /// While a member has to decide, the door is asked again after this long, so that most of a
    /// minute's knocks are left for when something is said, which may be the decision.
    static let waitingForApproval: Duration = .seconds(20)
    /// In a room where much is said, the knocks of a minute after these many are further apart, so
    /// that they last: nobody who was let in waits for much longer than that.
    static let quickKnocks = 4
    static let busySpacing: Duration = .seconds(8)
    /// After a resume, what was missed comes within this time, or a little later.
    static let afterReplay: Duration = .milliseconds(300)
    /// Or so long after an entry, which may be the decision.
    static let afterEntry: Duration = .milliseconds(100)
    /// While the room is full.
    static let waitingForRoom: Duration = .seconds(20)
    /// Who is taken out may be taken in again by the same commit: the answer to a later knock is
    /// under way then.
    static let answering: Duration = .seconds(5)
    /// A person is told that we are asking when it takes longer than this.
    static let quiet: Duration = .seconds(1)
    /// A server that asks nobody says so sooner than this.
    static let silence: Duration = .seconds(3)
    /// Knocks, one after the other, that nobody was there to be asked about, after which a room
    /// where nobody is away is taken to have no members.
    static let foundsAfter = 3
    /// Unless somebody founded a moment ago: on a slow line it takes so long until they hear that
    /// they did, and let others in.
    static let founderIsSlow: Duration = .seconds(10)

    /// Why we ask to be let in anew while we are in a group.
    enum Cause {
        /// Others may be in a later epoch, and nobody shows that they are in ours.
        case leftBehind
        /// Others have an older record of the log, and nobody tells us how it begins.
        case noRecord
        /// We are alone, and an older group is in the room.
        case otherGroup
    }

    /// How long somebody who is in may be silent, or away: a server notices within a minute that a
    /// line is dead, and keeps a place for two minutes. Who is silent for longer is not in, whatever
    /// the server says of them.
    static let longestAbsence: Duration = .seconds(190)
    /// Foundings by others for which we wait: each may be a friend's, and anybody can go on and on.
    static let maximumFoundings = 3
    /// Between knocks that nobody was there to be asked about.
    static let longestPause: Duration = .seconds(5)
    /// Where members decide, who waited at the door when the log began anew gives them so long to
    /// begin again: longer than anybody waits to connect.
    static let membersFirst: Duration = Backoff.cap + .seconds(20)

    /// Knocks from inside, after which we stay where we are until there is cause again.
    static let knocksFromInside = 4

    /// One attempt to come in.
    struct Attempt {
        var bundle: KeyPackageBundle
        var session: MLS.Identity
    }

    /// Nil when we are outside.
    var cause: Cause?
    var knocksLeft = knocksFromInside
    var attempts: [Attempt] = []
    var held: [LogEntry] = []
    var heldBytes = 0
    var hasOverflowed = false
    var nextKnock: Duration?
    var lastKnock: Duration?
    var recentKnocks: [Duration] = []
    /// A knock of ours is under way; another would have us let in twice, and dropped in between.
    var isAsking = false
    /// Something happened since that may be the decision about us.
    var hasHeard = false
    /// A commit came since, which may have let us in: a large room's answer takes longer.
    var mayBeIn = false
    var unanswered = 0
    /// When we knocked for the first time.
    var began: Duration?
    /// Knocks that nobody answered who was in before the log began anew.
    var vainKnocks = 0
    /// When somebody founded, as far as we heard, and how often.
    var foundedAt: Duration?
    var foundings = 0
    var foundsNotBefore: Duration = .zero
    var told: Outside?
    var tellsAt: Duration?
    /// The group that we have made and that the server has not accepted yet.
    var founding: (membership: Membership, ticket: GroupStep.Ticket, payload: [UInt8])?

    mutating func hold(_ entry: LogEntry) {
        held.append(entry)
        heldBytes += entry.payload.count
        if held.count > Self.maximumHeld || heldBytes > Self.maximumHeldBytes { loseHeld() }
    }

    /// What was held is of no use when something after it is missing.
    mutating func loseHeld() {
        held = []
        heldBytes = 0
        hasOverflowed = true
    }

    /// Knocks not before this much later, and no oftener than the server takes it.
    mutating func knock(after pause: Duration, now: Duration) {
        var due = now + pause
        recentKnocks.removeAll { now - $0 > .seconds(60) }
        let isBusy = told == .waitingForApproval && recentKnocks.count >= Self.quickKnocks
        let spacing = isBusy ? Self.busySpacing : Self.spacing
        if let lastKnock { due = max(due, lastKnock + spacing) }
        if recentKnocks.count >= Self.knocksPerMinute, let oldest = recentKnocks.first {
            due = max(due, oldest + .seconds(60))
        }
        nextKnock = due
    }

    /// The same, unless an earlier knock is due.
    mutating func knockSooner(after pause: Duration, now: Duration) {
        let earlier = nextKnock
        knock(after: pause, now: now)
        if let earlier, let due = nextKnock, earlier < due { nextKnock = earlier }
    }
}
