import MLS
import TLSSyntax
import Wire

/// Entries that speak as if the group were in a later epoch than we.
///
/// Either a commit was withheld from us, and then we have to come in anew; or somebody lies, or made
/// a commit so that some cannot follow it. The epoch of an entry stands in the clear, so nothing is
/// believed for it, however many say so: while another member shows that it is where we are, we
/// stay; and if nobody does, we ask to be let in anew, and stay until we are.
struct Doubt: Sendable {
    /// Others get so long to show where they are.
    static let patience: Duration = .seconds(3)
    /// Within this time those in doubt say where they are.
    static let answering: Duration = .seconds(1)
    /// One who was not believed is not asked about for so long: each doubt costs an answer of
    /// everybody.
    static let again: Duration = .seconds(30)
    /// A commit of ours could split the group while it is not known where that is; but no doubts
    /// keep us from committing for longer than this in one epoch.
    static let longestPause: Duration = .seconds(10)
    /// Those whose words are remembered: attachments cost nothing.
    private static let maximumRemembered = 256

    private struct Open: Sendable {
        /// What began it: who has seen the log up to here and speaks in our epoch is not behind.
        var place: UInt64
        /// Until when others may show that they are where we are; nil when we ask at the door.
        var until: Duration?
        var accusers: Set<[UInt8]>
        /// Nobody who shows that they are where we are can know better.
        var isCertain: Bool
    }

    private var open: Open?
    private var lastAccusations: [[UInt8]: Duration] = [:]
    /// Commits wait until then, while a doubt is open.
    private var pause: Duration?
    /// A member made a commit that we cannot open, and others in our epoch perhaps neither.
    var unopened: [UInt8]?

    var isOpen: Bool { open != nil }
    var deadline: Duration? { open?.until }

    /// Until when we commit nothing.
    var pausedUntil: Duration? { isOpen ? pause : nil }

    /// Somebody speaks from a later epoch.
    ///
    /// - Parameter hasMissed: we know that we have missed something, which may have been a commit.
    /// - Returns: true when that opens a doubt.
    mutating func accuse(
        _ key: [UInt8], at place: UInt64, hasMissed: Bool, now: Duration
    ) -> Bool {
        let isCertain = hasMissed || unopened.map { $0 != key } ?? false
        if open != nil {
            open?.accusers.insert(key)
            if isCertain { makeCertain(now: now) }
            return false
        }
        if let last = lastAccusations[key], now - last < Self.again { return false }
        if lastAccusations.count >= Self.maximumRemembered { lastAccusations = [:] }
        lastAccusations[key] = now
        pause = pause ?? now + Self.longestPause
        open = Open(place: place, until: now + Self.patience, accusers: [key], isCertain: false)
        if isCertain { makeCertain(now: now) }
        return true
    }

    private mutating func makeCertain(now: Duration) {
        open?.isCertain = true
        if open?.until != nil { open?.until = now }
    }

    /// Somebody speaks in our epoch, having seen the log up to a place. True when that ends a doubt.
    mutating func reassure(_ key: [UInt8], through seen: UInt64) -> Bool {
        guard let open, seen >= open.place, !open.isCertain else { return false }
        if open.accusers.contains(key) {
            // It may have meant what it says now; if nobody else spoke so, that is the end of it.
            self.open?.accusers.remove(key)
            guard open.accusers.count == 1 else { return false }
        }
        self.open = nil
        return true
    }

    /// Nobody showed that they are where we are.
    mutating func askAtTheDoor() { open?.until = nil }

    /// Nobody let us in.
    mutating func giveUp() { open = nil }

    /// A new epoch that we are in.
    mutating func settle() { self = Doubt() }
}

extension MLSRoomGroup {
    /// An entry says, without proof, that the group is in a later epoch than we.
    func doubt(
        _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        // Who has the link can put entries into the log without being in the group, or after being
        // taken out. They count only when we may have missed how they came in.
        let member = membership.roster[entry.sender]
        let mayBeNew = membership.missedAfter != nil && !membership.isStrict
        if member == nil, membership.doubt.isOpen { return [] }
        guard member != nil || mayBeNew, !membership.hasSaidBye,
            // Where we are alone nobody else can have changed the keys.
            membership.group.memberCount > 1
        else { return blame(.unreadable, entry, membership) }
        let hasOpened = membership.doubt.accuse(
            member?.identityKey ?? entry.sender.tlsEncoded, at: entry.sequence,
            hasMissed: member != nil && membership.missedAfter != nil, now: now)
        if hasOpened { answerDoubt(membership, now: now) }
        return membership.doubt.isOpen ? [] : blame(.unreadable, entry, membership)
    }

    /// Plans to show the others where we are; in a large room only some do.
    private func answerDoubt(_ membership: Membership, now: Duration) {
        let share = Double(Receipts.maximumRoom) / Double(membership.group.memberCount)
        guard Double.random(in: 0..<1, using: &random) < share else { return }
        let due = now + between(.zero, Doubt.answering)
        membership.duties.receipt = min(membership.duties.receipt ?? due, due)
    }

    /// Nobody has shown that they are where we are.
    func doubtIfDue(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard let due = membership.doubt.deadline, now >= due else { return [] }
        membership.doubt.askAtTheDoor()
        // That entries are gone was told when it was said.
        let warning: [GroupStep] =
            membership.missedAfter == nil ? [.news(.warning(.withheldCommit, about: nil))] : []
        return warning + rejoin(because: .leftBehind, now: now)
    }
}
