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
    /// Members that said `ready` and are here, the one to be asked next first. It is asked for all
    /// until it fails: what one lets in together costs one commit, where several would race.
    private var ready: [AttachmentID] = []
    /// Who was asked last for a newcomer that has not gone since: if it knocks again, the answer was
    /// of no use, and somebody else is asked.
    private var lastAsked: [AttachmentID: AttachmentID] = [:]
    /// Members that said `ready` and are away; they need not say it again when they come back.
    private var readyAway: Set<AttachmentID> = []
    /// When a doorkeeper answered anything.
    private var lastAnswers: [AttachmentID: NIODeadline] = [:]
    private var knocks: [KnockID: Knock] = [:]
    /// Each newcomer's knocks that may still be answered, the latest one last.
    private var knocksOf: [AttachmentID: [KnockID]] = [:]
    private var quotas: [AttachmentID: Quota] = [:]
    private var lastKnock: UInt64 = 0
    private var bytes = 0

    package init(limits: ServerLimits) { self.limits = limits }

    /// A member would let newcomers in, or not.
    package mutating func setReady(
        _ isReady: Bool, _ member: AttachmentID, now: NIODeadline
    ) -> [Action] {
        let wasReady = ready.contains(member)
        if isReady && !wasReady { ready.append(member) }
        if !isReady && wasReady { ready.removeAll { $0 == member } }
        // Who lets others in is in, and needs no answer any more.
        if isReady { forgetKnocks(of: member) }
        return isReady ? [] : passOn(from: member, now: now)
    }

    /// A newcomer knocks. A second knock takes the place of the first.
    package mutating func knock(
        _ payload: [UInt8], from newcomer: AttachmentID, now: NIODeadline
    ) -> [Action] {
        closeKnocks(of: newcomer)
        guard takeQuota(newcomer, now: now), bytes + payload.count <= limits.knockBytesPerRoom
        else { return [.unanswered(newcomer)] }
        lastKnock += 1
        let id = KnockID(lastKnock)
        bytes += payload.count
        knocks[id] = Knock(
            newcomer: newcomer, payload: payload, deadline: now, end: now + limits.knockPatience)
        knocksOf[newcomer, default: []].append(id)
        if let ids = knocksOf[newcomer], ids.count > Self.knocksKept { forget(ids[0]) }
        return ask(id, now: now)
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
        guard knock.asked.count < limits.knockTries, let doorkeeper = doorkeeper(for: knock) else {
            if knock.asked.isEmpty { forget(id) } else { close(id) }
            return [.unanswered(knock.newcomer)]
        }
        lastAsked[knock.newcomer] = doorkeeper
        knock.asked.append(doorkeeper)
        knock.deadline = now + limits.knockTime
        knocks[id] = knock
        let knocked = ServerFrame.Knocked(knock: id, newcomer: knock.newcomer, payload: payload)
        return [.pass(knocked, to: doorkeeper)]
    }

    private func doorkeeper(for knock: Knock) -> AttachmentID? {
        let fit = ready.lazy.filter { $0 != knock.newcomer && !knock.asked.contains($0) }
        return fit.first { $0 != lastAsked[knock.newcomer] } ?? fit.first
    }

    /// A doorkeeper answers. Whoever was asked may, however late; knocks not passed to it are not
    /// its to answer.
    package mutating func answer(
        _ answer: ClientFrame.Answer, from doorkeeper: AttachmentID, now: NIODeadline
    ) -> [Action] {
        var newcomers: [AttachmentID] = []
        for id in answer.knocks {
            guard let knock = knocks[id], knock.asked.contains(doorkeeper) else { continue }
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

    /// An attachment's connection broke, or it is gone.
    package mutating func lost(
        _ attachment: AttachmentID, forGood: Bool, now: NIODeadline
    ) -> [Action] {
        if ready.contains(attachment) {
            ready.removeAll { $0 == attachment }
            readyAway.insert(attachment)
        }
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
    package mutating func returned(_ attachment: AttachmentID) {
        if readyAway.remove(attachment) != nil { ready.append(attachment) }
    }

    /// Lets time pass: silent doorkeepers are passed over, not those that answer others meanwhile.
    package mutating func sweep(now: NIODeadline) -> [Action] {
        let due = knocks.filter { $0.value.payload != nil && $0.value.deadline <= now }
        var late: [KnockID] = []
        var silent: Set<AttachmentID> = []
        for (id, knock) in due {
            guard let doorkeeper = knock.asked.last else { continue }
            let busyUntil = lastAnswers[doorkeeper].map { $0 + limits.knockTime } ?? now
            if now < busyUntil, now < knock.end {
                knocks[id]?.deadline = min(busyUntil, knock.end)
            } else {
                late.append(id)
                silent.insert(doorkeeper)
            }
        }
        // Who is silent is asked last from now on.
        for member in silent {
            guard let index = ready.firstIndex(of: member) else { continue }
            ready.append(ready.remove(at: index))
        }
        return late.sorted { $0.number < $1.number }.flatMap { ask($0, now: now) }
    }

    /// Asks others for the knocks that one member has now.
    private mutating func passOn(from member: AttachmentID, now: NIODeadline) -> [Action] {
        let theirs = knocks.filter { $0.value.payload != nil && $0.value.asked.last == member }
        return theirs.keys.sorted { $0.number < $1.number }.flatMap { ask($0, now: now) }
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
        knocks[id]?.payload = nil
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
