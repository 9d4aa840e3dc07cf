package import NIOCore
package import Wire

/// Brings newcomers' knocks to members that let in, one member at a time, and answers back.
package struct Doorkeeping: Sendable {
    package enum Action: Equatable, Sendable {
        /// Pass a knock to a doorkeeper.
        case pass(ServerFrame.Knocked, to: AttachmentID)
        /// One answer for all the newcomers that it serves.
        case answer(ServerFrame.Answered, to: [AttachmentID])
        case unanswered(AttachmentID)
    }

    private struct Knock {
        var newcomer: AttachmentID
        /// Nil when nobody else will be asked; whoever was may still answer.
        var payload: [UInt8]?
        /// Who was asked, the last one now.
        var asked: [AttachmentID] = []
        /// When the one who was asked last is passed over, unless it is busy.
        var deadline: NIODeadline
        /// When it is given up, however busy they are.
        var end: NIODeadline
    }

    private struct Quota {
        var left: Int
        var until: NIODeadline
    }

    private let limits: ServerLimits
    /// The one to be asked next is asked for all until it fails: what one lets in together costs one
    /// commit, where several would race.
    private var doorkeepers = Doorkeepers()
    /// Who was asked last for a newcomer that has not gone since: if it knocks again, the answer was
    /// of no use, and somebody else is asked.
    private var lastAsked: [AttachmentID: AttachmentID] = [:]
    /// Members that said `ready` and are away; they need not say it again when they come back.
    private var readyAway: Set<AttachmentID> = []
    /// When a doorkeeper answered anything.
    private var lastAnswers: [AttachmentID: NIODeadline] = [:]
    private var knocks: [KnockID: Knock] = [:]
    /// The knocks for which each doorkeeper is asked now.
    private var waiting: [AttachmentID: Set<KnockID>] = [:]
    /// Each newcomer's knocks that may still be answered, the latest one last.
    private var knocksOf: [AttachmentID: [KnockID]] = [:]
    private var quotas: [AttachmentID: Quota] = [:]
    private var lastKnock: UInt64 = 0
    private var bytes = 0

    package init(limits: ServerLimits) { self.limits = limits }

    /// Somebody would let newcomers in, or not.
    ///
    /// - Parameter isMember: whether it is a member, as far as can be told.
    package mutating func setReady(
        _ isReady: Bool, _ attachment: AttachmentID, isMember: Bool, now: NIODeadline
    ) -> [Action] {
        guard isReady else {
            return doorkeepers.remove(attachment) ? passOn(from: attachment, now: now) : []
        }
        doorkeepers.add(attachment, isMember: isMember)
        // A doorkeeper is in, and needs no answer any more.
        forgetKnocks(of: attachment)
        return []
    }

    /// Somebody turned out to be a member.
    package mutating func promote(_ attachment: AttachmentID) { doorkeepers.promote(attachment) }

    /// A newcomer knocks. A second knock takes the place of the first.
    package mutating func knock(
        _ payload: [UInt8], from newcomer: AttachmentID, now: NIODeadline
    ) -> [Action] {
        closeKnocks(of: newcomer)
        guard takeQuota(newcomer, now: now), payload.count <= limits.knockBytesPerRoom else {
            return [.unanswered(newcomer)]
        }
        let givenUp = makeRoom(for: payload.count)
        lastKnock += 1
        let id = KnockID(lastKnock)
        bytes += payload.count
        knocks[id] = Knock(
            newcomer: newcomer, payload: payload, deadline: now, end: now + limits.knockPatience)
        knocksOf[newcomer, default: []].append(id)
        if let ids = knocksOf[newcomer], ids.count > Self.knocksKept { forget(ids[0]) }
        return givenUp + ask(id, now: now)
    }

    /// Gives up the knocks that have waited longest until a new one fits: what a member can answer
    /// is answered soon, and what only fills the room is not.
    private mutating func makeRoom(for size: Int) -> [Action] {
        guard bytes + size > limits.knockBytesPerRoom else { return [] }
        var actions: [Action] = []
        for id in waiting.values.joined().sorted(by: { $0.number < $1.number }) {
            guard bytes + size > limits.knockBytesPerRoom, let knock = knocks[id] else { break }
            close(id)
            actions.append(.unanswered(knock.newcomer))
        }
        return actions
    }

    private mutating func takeQuota(_ newcomer: AttachmentID, now: NIODeadline) -> Bool {
        var quota = quotas[newcomer] ?? Quota(left: 0, until: now)
        if quota.until <= now {
            quota = Quota(left: limits.knocksPerMinute, until: now + .minutes(1))
        }
        defer { quotas[newcomer] = quota }
        guard quota.left > 0 else { return false }
        quota.left -= 1
        return true
    }

    /// Asks the next member that was not asked yet, or gives up.
    private mutating func ask(_ id: KnockID, now: NIODeadline) -> [Action] {
        guard var knock = knocks[id], let payload = knock.payload else { return [] }
        stopWaiting(id)
        guard knock.asked.count < limits.knockTries, let doorkeeper = doorkeeper(for: knock) else {
            if knock.asked.isEmpty { forget(id) } else { close(id) }
            return [.unanswered(knock.newcomer)]
        }
        lastAsked[knock.newcomer] = doorkeeper
        knock.asked.append(doorkeeper)
        knock.deadline = now + limits.knockTime
        knocks[id] = knock
        waiting[doorkeeper, default: []].insert(id)
        let knocked = ServerFrame.Knocked(knock: id, newcomer: knock.newcomer, payload: payload)
        return [.pass(knocked, to: doorkeeper)]
    }

    /// Half of the tries go to members. After that a guest comes first: when those who began the log
    /// are not who the others talk to, their members are guests here.
    private func doorkeeper(for knock: Knock) -> AttachmentID? {
        doorkeepers.next(
            after: lastAsked[knock.newcomer],
            prefersGuests: knock.asked.count >= limits.knockTries / 2
        ) { $0 != knock.newcomer && !knock.asked.contains($0) }
    }

    /// A doorkeeper answers. Whoever was asked may, however late; knocks not passed to it are not
    /// its to answer.
    package mutating func answer(
        _ answer: ClientFrame.Answer, from doorkeeper: AttachmentID, now: NIODeadline
    ) -> [Action] {
        var newcomers: [AttachmentID] = []
        for id in answer.knocks {
            guard let knock = knocks[id], knock.asked.contains(doorkeeper) else { continue }
            noteAnswer(to: knock, by: doorkeeper)
            forget(id)
            // What it asked later is answered by this.
            closeKnocks(of: knock.newcomer)
            if !newcomers.contains(knock.newcomer) { newcomers.append(knock.newcomer) }
        }
        guard !newcomers.isEmpty else { return [] }
        lastAnswers[doorkeeper] = now
        let answered = ServerFrame.Answered(doorkeeper: doorkeeper, payload: answer.payload)
        return [.answer(answered, to: newcomers)]
    }

    /// Silence alone proves nothing against a member, since no member answers garbage. What another
    /// one answers was no garbage.
    private mutating func noteAnswer(to knock: Knock, by doorkeeper: AttachmentID) {
        doorkeepers.answered(doorkeeper)
        guard doorkeepers.isMember(doorkeeper) else { return }
        for silent in knock.asked.prefix(while: { $0 != doorkeeper }) {
            doorkeepers.demote(silent)
        }
    }

    /// An attachment's connection broke, or it is gone.
    package mutating func lost(
        _ attachment: AttachmentID, forGood: Bool, now: NIODeadline
    ) -> [Action] {
        if doorkeepers.remove(attachment) { readyAway.insert(attachment) }
        if forGood {
            readyAway.remove(attachment)
            quotas[attachment] = nil
            lastAsked[attachment] = nil
            lastAnswers[attachment] = nil
        }
        forgetKnocks(of: attachment)
        return passOn(from: attachment, now: now)
    }

    /// An attachment that was away is back.
    package mutating func returned(_ attachment: AttachmentID, isMember: Bool) {
        if readyAway.remove(attachment) != nil {
            doorkeepers.add(attachment, isMember: isMember)
        }
    }

    /// Lets time pass: silent doorkeepers are passed over, not those that answer others meanwhile.
    package mutating func sweep(now: NIODeadline) -> [Action] {
        var late: [KnockID] = []
        var silent: Set<AttachmentID> = []
        for (doorkeeper, id) in waiting.flatMap({ entry in entry.value.map { (entry.key, $0) } }) {
            guard let knock = knocks[id], knock.deadline <= now else { continue }
            let busyUntil = lastAnswers[doorkeeper].map { $0 + limits.knockTime } ?? now
            if now < busyUntil, now < knock.end {
                knocks[id]?.deadline = min(busyUntil, knock.end)
            } else {
                late.append(id)
                silent.insert(doorkeeper)
            }
        }
        for guest in silent where !doorkeepers.isMember(guest) { doorkeepers.demote(guest) }
        return late.sorted { $0.number < $1.number }.flatMap { ask($0, now: now) }
    }

    /// Asks others for the knocks that one member has now.
    private mutating func passOn(from member: AttachmentID, now: NIODeadline) -> [Action] {
        let theirs = waiting.removeValue(forKey: member) ?? []
        return theirs.sorted { $0.number < $1.number }.flatMap { ask($0, now: now) }
    }

    // MARK: Knocks that are over

    /// Knocks of one newcomer that may still be answered: the latest, and as many before it as its
    /// newcomer has kept the keys of.
    private static let knocksKept = 4

    private mutating func closeKnocks(of newcomer: AttachmentID) {
        for id in knocksOf[newcomer] ?? [] { close(id) }
    }

    /// Nobody else is asked.
    private mutating func close(_ id: KnockID) {
        guard let payload = knocks[id]?.payload else { return }
        bytes -= payload.count
        stopWaiting(id)
        knocks[id]?.payload = nil
    }

    /// Whoever was asked last is not waited for any more.
    private mutating func stopWaiting(_ id: KnockID) {
        guard let doorkeeper = knocks[id]?.asked.last else { return }
        waiting[doorkeeper]?.remove(id)
        if waiting[doorkeeper]?.isEmpty == true { waiting[doorkeeper] = nil }
    }

    private mutating func forgetKnocks(of newcomer: AttachmentID) {
        for id in knocksOf[newcomer] ?? [] { forget(id) }
    }

    /// It cannot be answered any more.
    private mutating func forget(_ id: KnockID) {
        close(id)
        guard let knock = knocks.removeValue(forKey: id) else { return }
        knocksOf[knock.newcomer]?.removeAll { $0 == id }
        if knocksOf[knock.newcomer]?.isEmpty == true { knocksOf[knock.newcomer] = nil }
    }
}
