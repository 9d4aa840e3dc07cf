import Crypto
import Foundation
import MLS
import Testing
import Wire

@testable import Client

/// Groups around one table: an honest server in memory, with time moved by hand.
final class Table {
    /// One client's group, and what came of it.
    final class Seat {
        let name: String
        let identity: Client.Identity
        var group: MLSRoomGroup
        var attachment: AttachmentID
        var isConnected = true
        var isReady = false
        /// How much of the log it was given.
        var given: Int
        var news: [GroupNews] = []
        var sayAgain = 0
        /// What somebody had heard when we were asked to say again what came after.
        var unheard: [[HeardLog]] = []
        /// Payloads appended and not settled, by ticket.
        var tickets: [GroupStep.Ticket: [UInt8]] = [:]

        init(
            name: String, identity: Client.Identity, group: MLSRoomGroup, attachment: AttachmentID,
            given: Int
        ) {
            self.name = name
            self.identity = identity
            self.group = group
            self.attachment = attachment
            self.given = given
        }
    }

    struct Logged {
        var sequence: UInt64
        var sender: AttachmentID
        var kind: EntryKind
        var payload: [UInt8]
    }

    private enum Work {
        case step(Seat, GroupStep)
        case settle(Seat, GroupStep.Ticket, AppendOutcome)
        case deliver
    }

    let secret: RoomSecret
    let suite: CipherSuite
    let needsApproval: Bool
    var now: Duration = .zero
    /// Seconds that the next client's clock is off.
    var clockOffset: Int64 = 0
    var epoch: UInt64 = 0
    var log: [Logged] = []
    var seats: [Seat] = []
    var logID = LogID.random()
    /// Lets an entry through to a seat, changed or not; nil withholds it.
    var filter: (Seat, Logged) -> Logged? = { $1 }
    /// Is given every byte that clients send.
    var eavesdrop: ([UInt8]) -> Void = { _ in }
    private var work: [Work] = []
    private var lastAttachment: UInt64 = 100
    private var lastKnock: UInt64 = 0
    private var knocks: [KnockID: AttachmentID] = [:]
    private var nextDoorkeeper = 0

    init(
        secret: RoomSecret = RoomSecret(), suite: CipherSuite = .x25519AES128GCMSHA256Ed25519,
        needsApproval: Bool = false
    ) {
        self.secret = secret
        self.suite = suite
        self.needsApproval = needsApproval
    }

    // MARK: Coming and going

    @discardableResult func join(
        _ name: String, identity: Client.Identity = Client.Identity(),
        secret other: RoomSecret? = nil, companions: Set<[UInt8]> = [],
        removals: [RoomMember] = []
    ) -> Seat {
        let time = UInt64(1_800_000_000 + clockOffset)
        let group = MLSRoomGroup(
            GroupSetting(
                secret: other ?? secret, identity: identity, name: Array(name.utf8),
                options: RoomOptions(suite: suite.rawValue, needsApproval: needsApproval),
                companions: companions, removals: removals, wallClock: { time },
                random: SystemRandomNumberGenerator()))
        let seat = Seat(
            name: name, identity: identity, group: group, attachment: newAttachment(),
            given: log.count)
        attach(seat)
        return seat
    }

    private func newAttachment() -> AttachmentID {
        lastAttachment += 1
        return AttachmentID(lastAttachment)
    }

    private func attach(_ seat: Seat) {
        let standing: ServerFrame.Standing = seats.isEmpty ? .founder : .newcomer
        let roster = seats.map {
            Presence(attachment: $0.attachment, state: $0.isConnected ? .here : .away)
        }
        for other in seats { tell(other, Presence(attachment: seat.attachment, state: .here)) }
        seats.append(seat)
        let attached = ServerFrame.Attached(
            standing: standing, attachment: seat.attachment, token: .random(),
            position: Position(log: logID, sequence: log.last?.sequence ?? 0), epoch: epoch,
            roster: roster)
        take(seat.group.attached(attached, now: now), of: seat)
        run()
    }

    private func tell(_ seat: Seat, _ presence: Presence) {
        guard seat.isConnected else { return }
        take(seat.group.presence(presence, now: now), of: seat)
    }

    /// The connection breaks; the attachment stays.
    func cut(_ seat: Seat) {
        seat.isConnected = false
        seat.isReady = false
        take(seat.group.detached(now: now), of: seat)
        for other in seats where other !== seat {
            tell(other, Presence(attachment: seat.attachment, state: .away))
        }
        run()
    }

    /// The same attachment again.
    func resume(_ seat: Seat) {
        seat.isConnected = true
        let roster = seats.filter { $0 !== seat }.map {
            Presence(attachment: $0.attachment, state: $0.isConnected ? .here : .away)
        }
        let attached = ServerFrame.Attached(
            standing: .resumed, attachment: seat.attachment, token: .random(),
            position: Position(log: logID, sequence: 0), epoch: epoch, roster: roster)
        take(seat.group.attached(attached, now: now), of: seat)
        for other in seats where other !== seat {
            tell(other, Presence(attachment: seat.attachment, state: .here))
        }
        run()
    }

    /// Gone for good.
    func drop(_ seat: Seat) {
        seats.removeAll { $0 === seat }
        for other in seats { tell(other, Presence(attachment: seat.attachment, state: .gone)) }
        run()
    }

    /// Comes back after the server has forgotten the attachment.
    func comeBack(_ seat: Seat) {
        drop(seat)
        seat.attachment = newAttachment()
        seat.isConnected = true
        seat.isReady = false
        seat.given = log.count
        seat.tickets = [:]
        attach(seat)
    }

    /// The log begins anew, under the same places.
    func reset() {
        beginAnew()
        for seat in seats where seat.isConnected {
            take(seat.group.reset(to: Position(log: logID, sequence: 0), now: now), of: seat)
        }
        run()
    }

    /// The server starts anew and knows nobody; all come back in the order in which they sit.
    func restart() {
        beginAnew()
        let former = seats
        seats = []
        for seat in former {
            seat.attachment = newAttachment()
            seat.isReady = false
            take(seat.group.detached(now: now), of: seat)
            attach(seat)
        }
    }

    private func beginAnew() {
        logID = .random()
        epoch = 0
        log = []
        knocks = [:]
        for seat in seats {
            seat.given = 0
            seat.tickets = [:]
        }
    }

    // MARK: Speaking

    @discardableResult func say(_ text: String, as seat: Seat) throws -> Logged {
        try say(Array(text.utf8), as: seat)
    }

    @discardableResult func say(_ content: [UInt8], as seat: Seat) throws -> Logged {
        let payload = try seat.group.seal(content, now: now)
        append(.message, payload, from: seat.attachment)
        let logged = log[log.count - 1]
        run()
        return logged
    }

    func perform(_ wish: GroupWish, as seat: Seat) throws {
        take(try seat.group.perform(wish, now: now), of: seat)
        run()
    }

    func append(_ kind: EntryKind, _ payload: [UInt8], from sender: AttachmentID) {
        let sequence = (log.last?.sequence ?? 0) + UInt64.random(in: 1...3)
        log.append(Logged(sequence: sequence, sender: sender, kind: kind, payload: payload))
        if kind == .commit { epoch += 1 }
        work.append(.deliver)
    }

    // MARK: Time

    /// Lets time pass, with everything that comes due in it.
    func pass(_ span: Duration) {
        let end = now + span
        var turns = 0
        while let (seat, due) = next(), due <= end {
            now = max(now, due)
            for seat in seats where seat.isConnected { seat.group.caughtUp(to: now, now: now) }
            take(seat.group.tick(now: now), of: seat)
            run()
            turns += 1
            precondition(turns < 100_000, "a clock that does not stop")
        }
        now = end
        for seat in seats where seat.isConnected { seat.group.caughtUp(to: now, now: now) }
    }

    private func next() -> (Seat, Duration)? {
        seats.filter(\.isConnected).compactMap { seat in
            seat.group.deadline.map { (seat, $0) }
        }.min { $0.1 < $1.1 }
    }

    // MARK: The server's work

    func take(_ steps: [GroupStep], of seat: Seat) {
        for step in steps { work.append(.step(seat, step)) }
    }

    func run() {
        while !work.isEmpty {
            switch work.removeFirst() {
            case .step(let seat, let step): perform(step, of: seat)
            case .settle(let seat, let ticket, let outcome):
                take(seat.group.settled(ticket, outcome, now: now), of: seat)
            case .deliver: deliver()
            }
        }
    }

    private func perform(_ step: GroupStep, of seat: Seat) {
        switch step {
        case .knock(let payload), .answer(_, let payload), .append(_, _, _, let payload):
            eavesdrop(payload)
        default: break
        }
        switch step {
        case .knock(let payload): knock(payload, of: seat)
        case .answer(let ids, let payload): answer(ids, payload, of: seat)
        case .append(let ticket, let kind, let named, let payload):
            if kind == .commit, named != epoch {
                work.append(.settle(seat, ticket, .conflict(epoch: epoch)))
                return
            }
            seat.tickets[ticket] = payload
            append(kind, payload, from: seat.attachment)
        case .ready(let isReady): seat.isReady = isReady
        case .sayAgain: seat.sayAgain += 1
        case .repeatUnheard(let heard): seat.unheard.append(heard)
        case .news(let news): seat.news.append(news)
        }
    }

    private func knock(_ payload: [UInt8], of seat: Seat) {
        let keepers = seats.filter { $0.isReady && $0.isConnected && $0 !== seat }
        guard !keepers.isEmpty else {
            take(seat.group.unanswered(now: now), of: seat)
            return
        }
        lastKnock += 1
        nextDoorkeeper += 1
        let id = KnockID(lastKnock)
        knocks[id] = seat.attachment
        let keeper = keepers[nextDoorkeeper % keepers.count]
        let frame = ServerFrame.Knocked(
            knock: id, newcomer: seat.attachment, payload: payload)
        take(keeper.group.knocked(frame, now: now), of: keeper)
    }

    private func answer(_ ids: [KnockID], _ payload: [UInt8], of keeper: Seat) {
        let newcomers = Set(ids.compactMap { knocks.removeValue(forKey: $0) })
        for seat in seats where newcomers.contains(seat.attachment) {
            let frame = ServerFrame.Answered(doorkeeper: keeper.attachment, payload: payload)
            take(seat.group.answered(frame, now: now), of: seat)
        }
    }

    /// Everybody gets what they have not had yet.
    func deliverAll() {
        deliver()
        run()
    }

    private func deliver() {
        for seat in seats where seat.isConnected {
            defer { seat.group.caughtUp(to: now, now: now) }
            while seat.given < log.count {
                let logged = log[seat.given]
                seat.given += 1
                let isOwn = logged.sender == seat.attachment
                guard let shown = isOwn ? logged : filter(seat, logged) else { continue }
                let entry = LogEntry(
                    sequence: shown.sequence, sender: shown.sender, kind: shown.kind,
                    payload: shown.payload, isOwn: isOwn)
                take(seat.group.entry(entry, now: now), of: seat)
                guard isOwn else { continue }
                for (ticket, payload) in seat.tickets where payload == logged.payload {
                    seat.tickets[ticket] = nil
                    work.append(
                        .settle(seat, ticket, .accepted(sequence: logged.sequence)))
                }
            }
        }
    }
}

// MARK: What a seat tells

extension Table.Seat {
    /// What it heard others say, and itself, in order.
    var heard: [String] {
        news.compactMap { news in
            if case .content(_, let bytes, _) = news {
                String(decoding: bytes, as: UTF8.self)
            } else {
                nil
            }
        }
    }

    var warnings: [RoomWarning.Kind] {
        news.compactMap { if case .warning(let kind, _) = $0 { kind } else { nil } }
    }

    var isInside: Bool { group.membership != nil }

    /// Names of everybody in the group, as this seat sees it.
    var names: [String] {
        let members = group.membership?.roster.members.values.map {
            String(decoding: $0.name, as: UTF8.self)
        }
        return (members ?? []).sorted()
    }

    var epochAuthenticator: Secret? { group.membership?.group.epochAuthenticator }
}
