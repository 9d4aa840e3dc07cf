import MLS
import TLSSyntax
import Wire

/// Members that speak as if the group were in a later epoch than we.
///
/// Either a commit was withheld from us, and then we have to come in anew; or a single member, or a
/// commit made so that some cannot follow it, wants us out. One member alone is not believed while
/// another one shows that it is where we are.
struct Doubt: Sendable {
    /// Others get so long to show where they are.
    static let patience: Duration = .seconds(3)
    /// Within this time those in doubt say where they are.
    static let answering: Duration = .seconds(1)
    /// So many must say that we are behind to be believed at once.
    static let believed = 2

    /// From this place of the log on, and how long we wait for others.
    private var open: (place: UInt64, until: Duration)?
    /// Identity keys of those who spoke so and were not seen in our epoch since.
    private var accusers: Set<[UInt8]> = []

    var deadline: Duration? { open?.until }
    var isOpen: Bool { open != nil }

    /// Somebody speaks from a later epoch. True when that is certain now.
    mutating func accuse(_ key: [UInt8], at place: UInt64, now: Duration) -> Bool {
        guard accusers.insert(key).inserted else { return false }
        if open == nil { open = (place, now + Self.patience) }
        return accusers.count >= Self.believed
    }

    /// Somebody speaks in our epoch, having seen the log up to a place. True when that ends a doubt.
    mutating func reassure(_ key: [UInt8], through seen: UInt64) -> Bool {
        guard let open, seen >= open.place else { return false }
        guard !accusers.contains(key) else {
            // It may have meant what it says now.
            accusers.remove(key)
            return false
        }
        self.open = nil
        return true
    }

    /// A new epoch that we are in.
    mutating func settle() { self = Doubt() }
}

extension MLSRoomGroup {
    /// An entry says, without proof, that the group is in a later epoch than we.
    func doubt(
        _ entry: LogEntry, _ membership: Membership, now: Duration
    ) -> [GroupStep] {
        // A gap was told when it came.
        if membership.hasGap { return seekAgain(now: now) }
        // Who has the link can put entries into the log without being in the group, or after being
        // taken out.
        let member = membership.roster[entry.sender]
        guard member != nil || !membership.isStrict else {
            return [.news(.warning(.unreadable, about: entry.sender))]
        }
        let sender = member?.identityKey ?? entry.sender.tlsEncoded
        let wasOpen = membership.doubt.isOpen
        if membership.doubt.accuse(sender, at: entry.sequence, now: now) {
            return lostTrack(.withheldCommit, now: now)
        }
        guard membership.doubt.isOpen else {
            return [.news(.warning(.unreadable, about: entry.sender))]
        }
        if !wasOpen { answerDoubt(membership, now: now) }
        return []
    }

    /// Plans to show the others where we are; in a large room only some do.
    private func answerDoubt(_ membership: Membership, now: Duration) {
        let share = Double(Receipts.maximumRoom) / Double(membership.group.memberCount)
        guard Double.random(in: 0..<1, using: &random) < share else { return }
        let due = now + between(.zero, Doubt.answering)
        membership.duties.receipt = min(membership.duties.receipt ?? due, due)
    }

    /// Nobody is where we are.
    func doubtIfDue(_ membership: Membership, now: Duration) -> [GroupStep]? {
        guard let due = membership.doubt.deadline, now >= due else { return nil }
        return lostTrack(.withheldCommit, now: now)
    }
}
