import Wire

/// One room of an honest server, as docs/protocol.md tells it: an ordered log, compare-and-append,
/// resume with replay, knocks passed from one doorkeeper to the next.
struct StormServer {
    typealias Connection = Int

    struct Member {
        var token: ResumeToken
        var connection: Connection?
        /// When an attachment without a connection is gone.
        var deadline: Duration?
    }

    private struct Knock {
        var newcomer: AttachmentID
        var payload: [UInt8]
        var asked: [AttachmentID]
        var deadline: Duration
    }

    /// An attachment without a connection is kept for so long.
    var resumeTime: Duration = .seconds(90)
    /// A doorkeeper gets so long.
    static let knockTime: Duration = .seconds(5)
    static let knockTries = 4
    static let knocksPerMinute = 12

    var log: LogID
    var epoch: UInt64 = 0
    var sequence: UInt64
    private(set) var entries: [ServerFrame.Entry] = []
    /// Entries that are kept for who resumes.
    var window = 10_000
    private(set) var members: [AttachmentID: Member] = [:]
    private var appended: [AppendID: UInt64] = [:]
    private var ready: [AttachmentID] = []
    private var readyAway: Set<AttachmentID> = []
    private var knocks: [KnockID: Knock] = [:]
    private var quotas: [AttachmentID: (left: Int, until: Duration)] = [:]
    private var lastKnock: UInt64 = 0
    private var random: SeededGenerator
    /// What is to be said, in order.
    var out: [(Connection, ServerFrame)] = []

    init(random: SeededGenerator) {
        self.random = random
        log = .random(using: &self.random)
        sequence = UInt64.random(in: 0...1000, using: &self.random)
    }

    func attachment(on connection: Connection) -> AttachmentID? {
        members.first { $0.value.connection == connection }?.key
    }

    private mutating func say(_ frame: ServerFrame, to attachment: AttachmentID) {
        guard let connection = members[attachment]?.connection else { return }
        out.append((connection, frame))
    }

    private mutating func broadcast(_ frame: ServerFrame, except: AttachmentID? = nil) {
        for id in members.keys.sorted(by: { $0.number < $1.number }) where id != except {
            say(frame, to: id)
        }
    }

    // MARK: Coming and going

    mutating func attach(_ connection: Connection, resume: ClientFrame.Resume?, now: Duration) {
        if let resume, resume.after.log == log, let member = members[resume.attachment],
            member.token == resume.token
        {
            if let old = member.connection { out.append((old, .goodbye(.replaced))) }
            members[resume.attachment] = Member(token: member.token, connection: connection)
            if readyAway.remove(resume.attachment) != nil { ready.append(resume.attachment) }
            tell(resume.attachment, .resumed, resume.after)
            replay(after: resume.after.sequence, to: resume.attachment)
            arrived(resume.attachment)
            return
        }
        let id = AttachmentID(UInt64.random(in: 1 ... .max, using: &random))
        let standing: ServerFrame.Standing = members.isEmpty ? .founder : .newcomer
        members[id] = Member(token: .random(using: &random), connection: connection)
        tell(id, standing, Position(log: log, sequence: sequence))
        arrived(id)
    }

    private mutating func arrived(_ id: AttachmentID) {
        broadcast(.presence(Presence(attachment: id, state: .here)), except: id)
    }

    private mutating func tell(
        _ id: AttachmentID, _ standing: ServerFrame.Standing, _ position: Position
    ) {
        guard let member = members[id] else { return }
        let roster = members.filter { $0.key != id }.map {
            Presence(attachment: $0.key, state: $0.value.connection == nil ? .away : .here)
        }
        say(
            .attached(
                ServerFrame.Attached(
                    standing: standing, attachment: id, token: member.token, position: position,
                    epoch: epoch, roster: roster)), to: id)
    }

    /// The last commit is kept whatever its age.
    private mutating func replay(after position: UInt64, to id: AttachmentID) {
        let first = max(0, entries.count - window)
        let kept = entries.indices.filter {
            $0 >= first || (entries[$0].kind == .commit && $0 == lastCommit)
        }
        var missing: (through: UInt64, count: UInt32)?
        for (index, entry) in entries.enumerated() where entry.sequence > position {
            guard kept.contains(index) else {
                missing = (entry.sequence, (missing?.count ?? 0) + 1)
                continue
            }
            if let gap = missing {
                say(.gap(.init(through: gap.through, count: gap.count)), to: id)
                missing = nil
            }
            say(.entry(entry), to: id)
        }
    }

    private var lastCommit: Int? { entries.lastIndex { $0.kind == .commit } }

    mutating func lost(_ connection: Connection, now: Duration) {
        guard let id = attachment(on: connection) else { return }
        members[id]?.connection = nil
        members[id]?.deadline = now + resumeTime
        broadcast(.presence(Presence(attachment: id, state: .away)))
        doorkeeperLost(id, forGood: false, now: now)
    }

    mutating func leave(_ connection: Connection, now: Duration) {
        guard let id = attachment(on: connection) else { return }
        out.append((connection, .goodbye(.left)))
        gone(id, now: now)
    }

    private mutating func gone(_ id: AttachmentID, now: Duration) {
        members[id] = nil
        broadcast(.presence(Presence(attachment: id, state: .gone)))
        doorkeeperLost(id, forGood: true, now: now)
    }

    private mutating func doorkeeperLost(_ id: AttachmentID, forGood: Bool, now: Duration) {
        if let index = ready.firstIndex(of: id) {
            ready.remove(at: index)
            readyAway.insert(id)
        }
        if forGood {
            readyAway.remove(id)
            quotas[id] = nil
        }
        for (knock, asked) in knocks where asked.newcomer == id { knocks[knock] = nil }
        passOn(from: id, now: now)
    }

    /// The log begins anew beneath those who are here; nobody finds their way back to the old one.
    mutating func reset() {
        log = .random(using: &random)
        epoch = 0
        sequence = UInt64.random(in: 0...1000, using: &random)
        entries = []
        appended = [:]
        broadcast(.reset(Position(log: log, sequence: sequence)))
    }

    // MARK: What a connection says

    mutating func receive(_ frame: ClientFrame, from connection: Connection, now: Duration) {
        guard let id = attachment(on: connection) else { return }
        switch frame {
        case .append(let append): self.append(append, from: id)
        case .ready(true): if !ready.contains(id) { ready.append(id) }
        case .ready(false):
            ready.removeAll { $0 == id }
            passOn(from: id, now: now)
        case .knock(let payload): knock(payload, from: id, now: now)
        case .answer(let answer): self.answer(answer, from: id)
        case .leave: leave(connection, now: now)
        case .hello, .attach, .ping, .transfer: break
        }
    }

    private mutating func append(_ append: ClientFrame.Append, from id: AttachmentID) {
        if let sequence = appended[append.id] {
            let again = ServerFrame.Appended(id: append.id, sequence: sequence, duplicate: true)
            return say(.appended(again), to: id)
        }
        if append.kind == .commit {
            guard append.epoch == epoch else {
                return say(.conflict(id: append.id, epoch: epoch), to: id)
            }
            epoch += 1
        }
        sequence += UInt64.random(in: 1...3, using: &random)
        appended[append.id] = sequence
        let entry = ServerFrame.Entry(
            sequence: sequence, sender: id, kind: append.kind, payload: append.payload)
        entries.append(entry)
        broadcast(.entry(entry), except: id)
        say(
            .appended(.init(id: append.id, sequence: sequence, duplicate: false)), to: id)
    }

    /// Something was to be in the log here, and nobody can have it.
    mutating func loseEntries() {
        sequence += 1
        broadcast(.gap(.init(through: sequence, count: 1)))
    }

    // MARK: Knocks

    private mutating func knock(_ payload: [UInt8], from newcomer: AttachmentID, now: Duration) {
        for (knock, asked) in knocks where asked.newcomer == newcomer { knocks[knock] = nil }
        var quota = quotas[newcomer] ?? (0, now)
        if quota.until <= now { quota = (Self.knocksPerMinute, now + .seconds(60)) }
        quota.left -= 1
        quotas[newcomer] = quota
        guard quota.left >= 0 else { return say(.unanswered, to: newcomer) }
        lastKnock += 1
        knocks[KnockID(lastKnock)] = Knock(
            newcomer: newcomer, payload: payload, asked: [], deadline: now)
        ask(KnockID(lastKnock), now: now)
    }

    private mutating func ask(_ id: KnockID, now: Duration) {
        guard var knock = knocks[id] else { return }
        guard knock.asked.count < Self.knockTries,
            let index = ready.firstIndex(where: {
                $0 != knock.newcomer && !knock.asked.contains($0)
            })
        else {
            knocks[id] = nil
            return say(.unanswered, to: knock.newcomer)
        }
        let doorkeeper = ready.remove(at: index)
        ready.append(doorkeeper)
        knock.asked.append(doorkeeper)
        knock.deadline = now + Self.knockTime
        knocks[id] = knock
        say(
            .knocked(.init(knock: id, newcomer: knock.newcomer, payload: knock.payload)),
            to: doorkeeper)
    }

    private mutating func passOn(from member: AttachmentID, now: Duration) {
        let theirs = knocks.filter { $0.value.asked.last == member }.keys
        for id in theirs.sorted(by: { $0.number < $1.number }) { ask(id, now: now) }
    }

    private mutating func answer(_ answer: ClientFrame.Answer, from doorkeeper: AttachmentID) {
        for id in answer.knocks {
            guard let knock = knocks[id], knock.asked.contains(doorkeeper) else { continue }
            knocks[id] = nil
            say(
                .answered(.init(doorkeeper: doorkeeper, payload: answer.payload)),
                to: knock.newcomer)
        }
    }

    // MARK: Time

    var deadline: Duration? {
        (knocks.values.map(\.deadline) + members.values.compactMap(\.deadline)).min()
    }

    mutating func tick(now: Duration) {
        let expired = members.filter { $0.value.deadline.map { $0 <= now } ?? false }.keys
        for id in expired.sorted(by: { $0.number < $1.number }) { gone(id, now: now) }
        let late = knocks.filter { $0.value.deadline <= now }.keys
        for id in late.sorted(by: { $0.number < $1.number }) { ask(id, now: now) }
    }
}
