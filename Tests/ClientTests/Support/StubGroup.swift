import Wire

@testable import Client

/// A group that notes what it is told and does what the test says.
final class StubGroup: RoomGroup {
    let removals: [RoomMember] = []
    var isReady = true
    /// The epoch that it seals in, and the first whose messages others can open.
    var epoch: UInt64 = 0
    var firstReadable: UInt64 = 0
    var sealing: Sealing? { isReady ? Sealing(group: [], epoch: epoch) : nil }
    /// Up to when everything that was in the log has passed.
    var heardThrough: Duration?
    var deadline: Duration?
    var told: [String] = []
    var entries: [LogEntry] = []
    /// What the next call, and no later one, answers.
    var next: [GroupStep] = []
    var sealed = 0
    var present: Set<[UInt8]> = []
    var audience: Set<[UInt8]> = []

    private func note(_ what: String) -> [GroupStep] {
        told.append(what)
        defer { next = [] }
        return next
    }

    func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep] {
        note("attached \(attached.standing)")
    }
    func caughtUp(to time: Duration, now: Duration) { heardThrough = time }
    func canBeRead(_ sealing: Sealing, now: Duration) -> Bool { sealing.epoch >= firstReadable }
    func detached(now: Duration) -> [GroupStep] { note("detached") }
    func reset(to position: Position, now: Duration) -> [GroupStep] { note("reset") }
    func gap(now: Duration) -> [GroupStep] { note("gap") }
    func knocked(_ knock: ServerFrame.Knocked, now: Duration) -> [GroupStep] { note("knocked") }
    func answered(_ answer: ServerFrame.Answered, now: Duration) -> [GroupStep] {
        note("answered")
    }
    func unanswered(now: Duration) -> [GroupStep] { note("unanswered") }
    func entry(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        entries.append(entry)
        return note("\(entry.isOwn ? "own " : "")\(entry.sequence)")
    }
    func settled(
        _ ticket: GroupStep.Ticket, _ outcome: AppendOutcome, now: Duration
    ) -> [GroupStep] { note("settled \(ticket.number) \(outcome)") }
    func presence(_ presence: Presence, now: Duration) -> [GroupStep] { note("presence") }
    func tick(now: Duration) -> [GroupStep] {
        deadline = nil
        return note("tick")
    }
    func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) -> [GroupStep] {
        note("wish")
    }
    func seal(_ content: [UInt8], now: Duration) throws(GroupError) -> [UInt8] {
        guard isReady else { throw .notReady }
        sealed += 1
        return content + [UInt8(truncatingIfNeeded: sealed)]
    }
}
