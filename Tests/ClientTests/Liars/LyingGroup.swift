import MLS
import Wire

@testable import Client

/// The group of a client that lies, or of one that does not: an honest one, into which a test can
/// reach.
final class LyingGroup: RoomGroup {
    let honest: MLSRoomGroup
    /// What it does when it is next asked to take another name.
    private var steps: [GroupStep] = []
    /// What is said in place of what its client would say.
    var content: (Content) -> Content = { $0 }
    /// What a newcomer is answered in place of what it would be.
    var answer: ([UInt8]) -> [UInt8] = { $0 }

    init(_ setting: GroupSetting) { honest = MLSRoomGroup(setting) }

    var isReady: Bool { honest.isReady }
    var deadline: Duration? { honest.deadline }
    var removals: [RoomMember] { honest.removals }
    var sealing: Sealing? { honest.sealing }

    func append(_ kind: EntryKind, _ payload: [UInt8]) {
        steps.append(
            .append(honest.nextTicket(), kind: kind, epoch: honest.logEpoch, payload: payload))
    }

    /// Commits to something, and goes along with it.
    func propose(_ changes: [Change], _ purpose: Membership.Purpose) {
        guard let membership = honest.membership else { return }
        steps +=
            honest.propose(changes, CommitOptions(), purpose: purpose, membership, now: .zero) ?? []
    }

    func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) -> [GroupStep] {
        guard !steps.isEmpty else { return changed(try honest.perform(wish, now: now)) }
        defer { steps = [] }
        return steps
    }

    func seal(_ content: [UInt8], now: Duration) throws(GroupError) -> [UInt8] {
        guard let decoded = try? Content.decode(content) else {
            return try honest.seal(content, now: now)
        }
        return try honest.seal(self.content(decoded).encoded, now: now)
    }

    private func changed(_ steps: [GroupStep]) -> [GroupStep] {
        steps.map { step in
            guard case .answer(let knocks, let payload) = step else { return step }
            return .answer(knocks: knocks, payload: answer(payload))
        }
    }

    // MARK: As it is

    func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep] {
        honest.attached(attached, now: now)
    }
    func detached(now: Duration) -> [GroupStep] { honest.detached(now: now) }
    func caughtUp(to time: Duration, now: Duration) { honest.caughtUp(to: time, now: now) }
    func canBeRead(_ sealing: Sealing, now: Duration) -> Bool {
        honest.canBeRead(sealing, now: now)
    }
    func reset(to position: Position, now: Duration) -> [GroupStep] {
        honest.reset(to: position, now: now)
    }
    func gap(now: Duration) -> [GroupStep] { honest.gap(now: now) }
    func knocked(_ knock: ServerFrame.Knocked, now: Duration) -> [GroupStep] {
        changed(honest.knocked(knock, now: now))
    }
    func answered(_ answer: ServerFrame.Answered, now: Duration) -> [GroupStep] {
        honest.answered(answer, now: now)
    }
    func unanswered(now: Duration) -> [GroupStep] { honest.unanswered(now: now) }
    func entry(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        changed(honest.entry(entry, now: now))
    }
    func settled(
        _ ticket: GroupStep.Ticket, _ outcome: Client.AppendOutcome, now: Duration
    ) -> [GroupStep] { changed(honest.settled(ticket, outcome, now: now)) }
    func presence(_ presence: Presence, now: Duration) -> [GroupStep] {
        honest.presence(presence, now: now)
    }
    func tick(now: Duration) -> [GroupStep] { changed(honest.tick(now: now)) }
}
