import NIOCore
import Wire

/// A room on its home event loop: its log, who is attached, who knocks.
///
/// What connections ask comes in by `handle`, what the log answers by `RoomLogObserver`; both go out
/// as deliveries to the loops that have connections of the room.
final class HomeRoom: RoomLogObserver {
    let id: RoomID
    private unowned let loop: LoopState
    private var log: (any RoomLog)?
    private var roster: Roster
    private var doorkeeping: Doorkeeping
    private var likelyMembers = LikelyMembers()
    private var commitBudget: CommitBudget
    /// How many connections each loop has; zero-based as loops are.
    private var connectionsOnLoop: [Int]
    /// The log that positions are of, once it has said so.
    private var logID: LogID?
    /// The last entry that came by the feed.
    private var fed: UInt64 = 0
    /// Appends that were answered before the feed brought their entry.
    private var answered = AnsweredAppends()

    init(id: RoomID, loop: LoopState) {
        self.id = id
        self.loop = loop
        roster = Roster(limits: loop.shared.limits)
        doorkeeping = Doorkeeping(limits: loop.shared.limits)
        commitBudget = CommitBudget(limits: loop.shared.limits, now: .now())
        connectionsOnLoop = Array(repeating: 0, count: loop.shared.loopCount)
        log = loop.shared.store.open(id, observer: self, on: loop.eventLoop)
    }

    /// Nobody is attached, here or away: the room can be forgotten.
    var isOver: Bool { roster.isEmpty }

    func close() {
        log?.close()
        log = nil
    }

    // MARK: What connections ask

    func handle(_ request: RoomRequest, from connection: ConnectionID) {
        switch request {
        case .attach(let resume): attach(connection, resume: resume)
        case .append(let append): self.append(append, from: connection)
        case .ready(let isReady):
            guard let member = roster.participant(on: connection) else { return }
            let isMember = likelyMembers.contains(member)
            perform(doorkeeping.setReady(isReady, member, isMember: isMember, now: .now()))
        case .knock(let payload):
            guard let newcomer = roster.attachment(on: connection) else { return }
            perform(doorkeeping.knock(payload, from: newcomer, now: .now()))
        case .answer(let answer):
            guard let doorkeeper = roster.attachment(on: connection) else { return }
            perform(doorkeeping.answer(answer, from: doorkeeper, now: .now()))
        case .leave: leave(connection)
        case .lost: lost(connection)
        }
    }

    private func attach(_ connection: ConnectionID, resume: ClientFrame.Resume?) {
        guard
            let arrival = roster.attach(
                connection, resume: resume, log: logID, keeping: likelyMembers)
        else { return loop.deliver(.goodbye(connection, .full)) }
        if let dismissed = arrival.dismissed { tellGone(dismissed) }
        connectionsOnLoop[connection.loop] += 1
        if let old = arrival.replaced {
            connectionsOnLoop[old.loop] -= 1
            loop.deliver(.goodbye(old, .replaced))
        }
        if arrival.standing == .resumed {
            doorkeeping.returned(
                arrival.attachment, isMember: likelyMembers.contains(arrival.attachment))
        }
        let ticket = ReadTicket(
            attachment: arrival.attachment, connection: connection, standing: arrival.standing,
            token: arrival.token)
        log?.read(after: arrival.standing == .resumed ? resume?.after : nil, ticket: ticket)
    }

    private func append(_ append: LogAppend, from connection: ConnectionID) {
        guard let sender = roster.participant(on: connection) else { return }
        var append = append
        append.sender = sender
        var ticket = AppendTicket(id: append.id, attachment: sender, connection: connection)
        if append.kind == .commit {
            ticket.commitEpoch = append.epoch
            if !mayCommit(sender) { append.epoch = Self.noEpoch }
        }
        log?.append(append, ticket: ticket)
    }

    /// An epoch that no log reaches. The log takes no commit of it: it answers a repeat as ever, and
    /// anything else with `conflict`, after which a client tries again a little later.
    private static let noEpoch = UInt64.max

    private func mayCommit(_ attachment: AttachmentID) -> Bool {
        commitBudget.allows(
            attachment, isMember: likelyMembers.contains(attachment), now: .now())
    }

    /// The log took a commit.
    private func committed(_ attachment: AttachmentID, epoch: UInt64) {
        let wasMember = likelyMembers.contains(attachment)
        commitBudget.committed(attachment, isMember: wasMember, now: .now())
        likelyMembers.committed(attachment, epoch: epoch)
        if !wasMember, likelyMembers.contains(attachment) { doorkeeping.promote(attachment) }
    }

    private func leave(_ connection: ConnectionID) {
        guard let attachment = roster.leave(connection) else { return }
        connectionsOnLoop[connection.loop] -= 1
        loop.deliver(.goodbye(connection, .left))
        tellGone(attachment)
    }

    private func lost(_ connection: ConnectionID) {
        guard let attachment = roster.lost(connection, now: .now()) else { return }
        connectionsOnLoop[connection.loop] -= 1
        broadcast(presence(attachment, .away))
        perform(doorkeeping.lost(attachment, forGood: false, now: .now()))
    }

    private func tellGone(_ attachment: AttachmentID) {
        broadcast(presence(attachment, .gone))
        likelyMembers.gone(attachment)
        commitBudget.gone(attachment)
        perform(doorkeeping.lost(attachment, forGood: true, now: .now()))
    }

    /// Lets time pass.
    func sweep(now: NIODeadline) {
        for attachment in roster.expire(now: now) { tellGone(attachment) }
        perform(doorkeeping.sweep(now: now))
        log?.sweep()
    }

    // MARK: What the log answers

    func readEnded(_ result: Result<LogRead, StoreFailure>, ticket: ReadTicket) {
        guard roster.connection(of: ticket.attachment) == ticket.connection else { return }
        switch result {
        case .success(let read): join(ticket, read)
        case .failure:
            lost(ticket.connection)
            loop.deliver(.goodbye(ticket.connection, .shuttingDown))
        }
    }

    private func join(_ ticket: ReadTicket, _ read: LogRead) {
        logID = read.start.log
        let attached = ServerFrame.Attached(
            standing: ticket.standing, attachment: ticket.attachment, token: ticket.token,
            position: read.start, epoch: read.epoch,
            roster: roster.presences(except: ticket.attachment))
        var replay = Replay(frames: [], horizon: read.horizon)
        replay.frames.reserveCapacity(read.items.count + 1)
        replay.frames.append(.init(bytes: FrameEncoder.frame(.attached(attached)), sequence: nil))
        for item in read.items {
            switch item {
            case .entry(let entry):
                let isKept = read.horizon != nil
                replay.frames.append(
                    .init(bytes: entry.frame, sequence: isKept ? entry.sequence : nil))
            case .gap(let through, let count):
                let gap = FrameEncoder.frame(.gap(.init(through: through, count: count)))
                replay.frames.append(.init(bytes: gap, sequence: nil))
            }
        }
        loop.deliver(.join(id, ticket.connection, replay))
        broadcast(presence(ticket.attachment, .here), except: ticket.connection)
    }

    func appendEnded(_ outcome: AppendOutcome, ticket: AppendTicket) {
        switch outcome {
        case .appended(let sequence, let duplicate):
            if let epoch = ticket.commitEpoch, !duplicate {
                committed(ticket.attachment, epoch: epoch)
            }
            if sequence > fed {
                answered.add(sequence, ticket, duplicate: duplicate)
            } else {
                // The entry itself has passed, also to its sender.
                let frame = FrameEncoder.appended(
                    id: ticket.id, sequence: sequence, duplicate: true)
                unicast(frame, to: ticket.connection)
            }
        case .conflict(let epoch):
            unicast(.conflict(id: ticket.id, epoch: epoch), to: ticket.connection)
        case .refused(let reason):
            unicast(.refused(id: ticket.id, reason: reason), to: ticket.connection)
        case .failed(let failure):
            let isCertain = failure == .unavailable
            unicast(.unavailable(id: ticket.id, certain: isCertain), to: ticket.connection)
        }
    }

    func feed(_ event: FeedEvent) {
        switch event {
        case .entry(let entry): fanOut(entry)
        case .gap(let through, let count):
            fed = max(fed, through)
            broadcast(FrameEncoder.frame(.gap(.init(through: through, count: count))))
        case .reset(let position):
            logID = position.log
            fed = position.sequence
            answered = AnsweredAppends()
            broadcast(FrameEncoder.frame(.reset(position)))
        case .degraded: broadcast(FrameEncoder.frame(.degraded))
        case .restored: broadcast(FrameEncoder.frame(.restored))
        }
    }

    /// Everybody gets the entry, its sender `appended` in the same place; or the entry, too, when the
    /// append is not answered yet, so that its log has no hole.
    private func fanOut(_ entry: LogEntry) {
        fed = entry.sequence
        guard let answer = answered.take(entry.sequence) else { return broadcast(entry.frame) }
        let appended = FrameEncoder.appended(
            id: answer.ticket.id, sequence: entry.sequence, duplicate: answer.duplicate)
        broadcast(entry.frame, except: answer.ticket.connection, instead: appended)
    }

    // MARK: What goes out

    private func perform(_ actions: [Doorkeeping.Action]) {
        for action in actions {
            switch action {
            case .pass(let knocked, let doorkeeper): unicast(.knocked(knocked), to: doorkeeper)
            case .answer(let answered, let newcomers):
                admit(newcomers, by: answered)
                let frame = FrameEncoder.frame(.answered(answered))
                for newcomer in newcomers {
                    guard let connection = roster.connection(of: newcomer) else { continue }
                    unicast(frame, to: connection)
                }
            case .unanswered(let newcomer): unicast(.unanswered, to: newcomer)
            }
        }
    }

    /// A doorkeeper answered newcomers, and has perhaps let them in.
    private func admit(_ newcomers: [AttachmentID], by answered: ServerFrame.Answered) {
        let admitted = likelyMembers.answered(
            newcomers, by: answered.doorkeeper, bytes: answered.payload.count)
        for member in admitted {
            if let connection = roster.connection(of: member) {
                _ = roster.participant(on: connection)
            }
            doorkeeping.promote(member)
        }
    }

    private func presence(_ attachment: AttachmentID, _ state: Presence.State) -> ByteBuffer {
        FrameEncoder.frame(.presence(Presence(attachment: attachment, state: state)))
    }

    private func unicast(_ frame: ServerFrame, to attachment: AttachmentID) {
        guard let connection = roster.connection(of: attachment) else { return }
        unicast(frame, to: connection)
    }

    private func unicast(_ frame: ServerFrame, to connection: ConnectionID) {
        unicast(FrameEncoder.frame(frame), to: connection)
    }

    private func unicast(_ frame: ByteBuffer, to connection: ConnectionID) {
        loop.deliver(.unicast(id, connection, frame))
    }

    private func broadcast(
        _ frame: ByteBuffer, except: ConnectionID? = nil, instead: ByteBuffer? = nil
    ) {
        for index in connectionsOnLoop.indices where connectionsOnLoop[index] > 0 {
            let delivery = Delivery.broadcast(
                id, frame, except: except, instead: except?.loop == index ? instead : nil)
            loop.deliver(delivery, toLoop: index)
        }
    }
}

/// Appends that a store answered before its feed brought them: usually one at a time.
private struct AnsweredAppends {
    private var only: (sequence: UInt64, ticket: AppendTicket, duplicate: Bool)?
    private var others: [UInt64: (ticket: AppendTicket, duplicate: Bool)] = [:]

    mutating func add(_ sequence: UInt64, _ ticket: AppendTicket, duplicate: Bool) {
        if only == nil {
            only = (sequence, ticket, duplicate)
        } else {
            others[sequence] = (ticket, duplicate)
        }
    }

    mutating func take(_ sequence: UInt64) -> (ticket: AppendTicket, duplicate: Bool)? {
        if let only, only.sequence == sequence {
            self.only = nil
            return (only.ticket, only.duplicate)
        }
        return others.isEmpty ? nil : others.removeValue(forKey: sequence)
    }
}
