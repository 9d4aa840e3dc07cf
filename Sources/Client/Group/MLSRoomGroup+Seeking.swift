import MLS
import TLSSyntax
import Wire

/// Coming in, as a newcomer or as the founder.
extension MLSRoomGroup {
    // MARK: Knocking

    /// Asks to be let in, with a key package made for this one request.
    func knock(now: Duration) -> [GroupStep] {
        guard let place, isConnected else { return [] }
        guard let session = try? makeSession(),
            let bundle = try? KeyPackageBundle(
                suite: suite, identity: session, capabilities: Self.capabilities,
                leafExtensions: [
                    Placement(log: place.log, attachment: place.attachment).asExtension
                ], lifetime: 2 * Self.clockTolerance, environment: packaging)
        else {
            // The machine gave no randomness; it may a moment later.
            seeking?.nextKnock = now + Seeking.patience
            return []
        }
        let knock = Knock(
            bundle.keyPackage, seen: lastSeen, keys: keys, log: place.log,
            attachment: place.attachment)
        seeking?.noteKnock(.init(bundle: bundle, session: session), now: now)
        return [.knock(knock.sealed(keys))]
    }

    func unanswered(now: Duration) -> [GroupStep] {
        guard var seeking, !isOver, seeking.founding == nil, seeking.isAsking else { return [] }
        guard membership == nil else { return rejoinLater(now: now) }
        seeking.isAsking = false
        let wasQuick = seeking.lastKnock.map { now - $0 < Seeking.silence } ?? false
        // After a silence there is somebody who might have let us in, unless nobody has founded yet.
        seeking.unanswered = wasQuick || logEpoch == 0 ? seeking.unanswered + 1 : 0
        seeking.vainKnocks += 1
        let isGiving = now < seeking.foundsNotBefore
        let pause =
            isGiving
            ? Seeking.longestPause
            : min(.milliseconds(300) * (1 << min(seeking.unanswered, 5)), Seeking.longestPause)
        seeking.knock(
            after: seeking.mayBeIn ? Seeking.answering : between(pause / 2, pause), now: now)
        self.seeking = seeking
        if mayFound(seeking, now: now) { return found(now: now) }
        return seeking.unanswered == 1 ? [] : tell(.nobodyAnswers)
    }

    /// Whether nobody is in a group of this room, as far as can be known, or nobody whom we follow.
    private func mayFound(_ seeking: Seeking, now: Duration) -> Bool {
        guard now >= seeking.foundsNotBefore else { return false }
        if presences.isEmpty { return true }
        let justFounded = seeking.foundedAt.map { now - $0 < Seeking.founderIsSlow } ?? false
        guard !justFounded || seeking.foundings > Seeking.maximumFoundings else { return false }
        if awaitsCompanions, seeking.vainKnocks >= Seeking.foundsAfter { return true }
        // Whoever is away may be a member and come back; whoever is here and a member would have
        // answered. But nobody keeps us waiting for ever by being there.
        let nobodyAway = logEpoch == 0 || !presences.values.contains(.away)
        return nobodyAway && seeking.unanswered >= Seeking.foundsAfter
            || seeking.began.map { now - $0 >= Seeking.longestAbsence } ?? false
    }

    /// Somebody answered who was not in before the log began anew, and where members decide. Those who
    /// were find each other; when there is none, we begin again without the others.
    private func passOver(now: Duration) -> [GroupStep] {
        seeking?.vainKnocks += 1
        if let seeking, mayFound(seeking, now: now) { return found(now: now) }
        seeking?.knock(after: between(.zero, Seeking.spacing), now: now)
        return []
    }

    /// Where members decide, and as long as we have not been one: then it is for them to begin when
    /// the log does.
    var isGuest: Bool { rules.needsApproval && !formerLogs.isEmpty && formerGroups.isEmpty }

    func leaveItToMembers(now: Duration) {
        if isGuest { seeking?.foundsNotBefore = now + Seeking.membersFirst }
    }

    /// Tells the person why we are outside, when it is another reason than before.
    func tell(_ why: Outside) -> [GroupStep] {
        guard seeking?.told != why else { return [] }
        seeking?.told = why
        seeking?.tellsAt = nil
        return [.news(.outside(why))]
    }

    /// Time has passed outside.
    func seekOn(now: Duration) -> [GroupStep] {
        var steps: [GroupStep] = []
        if let due = seeking?.tellsAt, now >= due {
            seeking?.tellsAt = nil
            if seeking?.told == nil { steps += tell(.asking) }
        }
        if let due = seeking?.nextKnock, now >= due {
            seeking?.nextKnock = nil
            steps += knock(now: now)
        }
        return steps
    }

    /// An entry came while we are outside: it may be readable once we are in.
    func heard(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        guard var seeking else { return [] }
        if entry.isOwn, let founding = seeking.founding, founding.payload == entry.payload {
            return establish(founding.membership, by: entry, now: now)
        }
        seeking.hold(entry)
        if entry.kind == .commit, case .founding(let founding)? = try? CommitEntry(entry.payload),
            let place, founding.isValid(keys: keys, log: place.log, founder: entry.sender)
        {
            // Somebody else was first; they will let us in.
            seeking.founding = nil
            seeking.unanswered = 0
            seeking.foundedAt = now
            seeking.foundings += 1
            if seeking.foundings <= Seeking.maximumFoundings { seeking.vainKnocks = 0 }
            seeking.knock(after: between(.milliseconds(50), .milliseconds(250)), now: now)
        } else if entry.kind == .commit {
            seeking.mayBeIn = true
        }
        if seeking.told == .waitingForApproval {
            // It may be the decision.
            seeking.hasHeard = true
            if !seeking.isAsking { seeking.knockSooner(after: Seeking.afterEntry, now: now) }
        }
        self.seeking = seeking
        // Sealed before we fell out; who reads it is not known.
        return entry.isOwn && entry.kind == .message ? [.sayAgain] : []
    }

    // MARK: Founding

    /// Makes a group of one and offers it to the log.
    func found(now: Duration) -> [GroupStep] {
        guard let place, let membership = try? makeGroup(place, now: now) else {
            seeking?.nextKnock = now + Seeking.patience
            return []
        }
        let founding = Founding(
            groupID: membership.group.groupID, keys: keys, log: place.log,
            founder: place.attachment)
        let payload = CommitEntry.founding(founding).encoded
        membership.isFirst = logEpoch == 0
        let ticket = nextTicket()
        seeking?.founding = (membership, ticket, payload)
        seeking?.nextKnock = nil
        return [.append(ticket, kind: .commit, epoch: logEpoch, payload: payload)]
    }

    private func makeGroup(_ place: Place, now: Duration) throws -> Membership {
        let session = try makeSession()
        let group = try Group.create(
            suite: suite, identity: session, capabilities: Self.capabilities,
            leafExtensions: [
                Placement(log: place.log, attachment: place.attachment).asExtension
            ], extensions: [rules.asExtension], policy: Self.policy, environment: environment)
        let record = LogRecord(groupID: group.groupID)
        let roster = try RoomRoster(group.members, keys: keys, log: place.log)
        return Membership(
            group: group, roster: roster, record: record, rules: rules, session: session,
            duties: Duties(now: now, renewal: now + firstRenewal(members: 1)))
    }

    /// The log took our founding.
    private func establish(
        _ membership: Membership, by entry: LogEntry, now: Duration
    ) -> [GroupStep] {
        membership.record.append(entry)
        // In a log that began anew we were not the first.
        let isBeside = awaitsCompanions && !membership.isFirst
        let warning: [GroupStep] = isBeside ? [.news(.warning(.strangersFirst, about: nil))] : []
        return warning + enter(membership, now: now)
    }

    /// The founding was decided; an accepted one was established when its entry passed.
    func foundingSettled(_ outcome: AppendOutcome, now: Duration) -> [GroupStep] {
        guard let founding = seeking?.founding else { return [] }
        seeking?.founding = nil
        switch outcome {
        case .accepted(let sequence):
            // Taken on an earlier connection, and its entry is not to be had any more.
            guard let place else { return [] }
            let entry = LogEntry(
                sequence: sequence, sender: place.attachment, kind: .commit,
                payload: founding.payload, isOwn: true)
            return establish(founding.membership, by: entry, now: now)
        case .conflict(let epoch):
            logEpoch = epoch
            seeking?.knock(after: between(.milliseconds(50), .milliseconds(250)), now: now)
        case .refused: seeking?.knock(after: .seconds(1), now: now)
        }
        return []
    }

    private func enter(_ membership: Membership, now: Duration) -> [GroupStep] {
        guard let place, let me = membership.roster[place.attachment] else { return [] }
        memory.enter(place.log, at: membership.joinedAt)
        earlierKnocks = seeking?.recentKnocks ?? []
        seeking = nil
        self.membership = membership
        // Another name was wanted after the knock that was answered.
        if me.name != name { membership.newName = name }
        if !removals.isEmpty {
            membership.door.ban(removals)
            membership.duties.removing = now + Duties.removingAnew
        }
        let others = membership.roster.inOrder.filter { $0 != place.attachment }
            .compactMap { membership.roster[$0] }
        let suite = membership.group.cipherSuite
        let protection = Protection(
            suite: suite.title, isPostQuantum: suite.isPostQuantum,
            needsApproval: membership.rules.needsApproval)
        return [.news(.entered(me: me, others: others, protection)), .ready(true)]
    }

    // MARK: Being let in

    func answered(_ answer: ServerFrame.Answered, now: Duration) -> [GroupStep] {
        // Who founds has given up hope; the log decides, and then the door is tried again.
        guard seeking != nil, seeking?.founding == nil, !isOver else { return [] }
        seeking?.isAsking = false
        switch DoorAnswer(answer.payload, keys: keys) {
        case .admitted(let admission)?: return admitted(admission, now: now)
        case .told(let notice)?:
            return membership == nil ? told(notice, now: now) : rejoinLater(now: now)
        case nil: return forged(now: now)
        }
    }

    private func forged(now: Duration) -> [GroupStep] {
        guard membership == nil else { return rejoinLater(now: now) }
        seeking?.knock(after: .seconds(2), now: now)
        return [.news(.warning(.forgedWelcome, about: nil))]
    }

    private func told(_ notice: DoorNotice, now: Duration) -> [GroupStep] {
        guard let place,
            notice.isValid(keys: keys, log: place.log, newcomer: place.attachment)
        else { return forged(now: now) }
        seeking?.unanswered = 0
        guard !awaitsCompanions else { return passOver(now: now) }
        switch notice.reason {
        case .waiting:
            let isStale = seeking?.hasHeard ?? false
            seeking?.knock(
                after: isStale ? Seeking.afterEntry : Seeking.waitingForApproval, now: now)
            return tell(.waitingForApproval)
        case .refused:
            isOver = true
            return [.news(.turnedAway)]
        case .full:
            seeking?.knock(after: Seeking.waitingForRoom, now: now)
            return tell(.roomIsFull)
        case .unsuitable:
            seeking?.knock(after: Seeking.waitingForRoom, now: now)
            return tell(.otherSuite)
        case .otherClock:
            seeking?.knock(after: Seeking.waitingForRoom, now: now)
            return tell(.otherClock)
        }
    }

    private func admitted(_ admission: DoorAnswer.Admission, now: Duration) -> [GroupStep] {
        guard case .welcome(let welcome)? = try? MLSMessage(bytes: admission.welcome) else {
            return forged(now: now)
        }
        guard let attempts = seeking?.attempts,
            let index = attempts.lastIndex(where: { welcome.isFor($0.bundle.keyPackage) })
        else {
            // To an earlier knock of ours, whose keys are gone.
            seeking?.knockSooner(after: .zero, now: now)
            return []
        }
        do {
            let joined = try join(welcome, admission, attempts[index], now: now)
            laterAttempts = Array(attempts[(index + 1)...])
            return enter(joined.membership, at: joined.briefing, by: joined.doorkeeper, now: now)
        } catch RoomRoster.Violation.wantedOut {
            // Nothing is wrong with the Welcome: we ask for another member's.
            return rejoinLater(now: now)
        } catch {
            let isPassedOver = awaitsCompanions && membership == nil
            return isPassedOver ? passOver(now: now) : forged(now: now)
        }
    }

    /// Verifies everything about the group that a Welcome leads to.
    private func join(
        _ welcome: Welcome, _ admission: DoorAnswer.Admission, _ attempt: Seeking.Attempt,
        now: Duration
    ) throws -> (membership: Membership, briefing: Envelope.Briefing, doorkeeper: AttachmentID?) {
        var options = JoinOptions()
        options.ratchetTree = admission.ratchetTree
        options.preSharedKeys = keys.preSharedKeys
        let staged = try Group.join(
            welcome, with: attempt.bundle, options: options, policy: Self.policy,
            environment: environment)
        // Without the room's secret in it, a server could have made it.
        guard let place, staged.preSharedKeys.contains(RoomKeys.pskName),
            let rules = RoomRules(of: staged.context)
        else { throw RoomRoster.Violation.secretMissing }
        let roster = try RoomRoster(staged.members, keys: keys, log: place.log)
        let signer = staged.signer.index
        guard !isWantedOut(roster.members[signer]) else { throw RoomRoster.Violation.wantedOut }
        guard mayFollow(roster.members[signer], into: staged.context.groupID),
            leadsOn(to: staged.context, by: roster.members[signer])
        else { throw RoomRoster.Violation.notAllowed }
        var group = staged.adopt()
        guard case .application(let message) = try group.open(bytes: admission.briefing),
            message.sender.index == signer,
            case .briefing(let briefing)? = try Envelope(message.data)?.body
        else { throw RoomRoster.Violation.notAllowed }
        let record = LogRecord(groupID: group.groupID, from: briefing.start)
        let count = group.memberCount
        let membership = Membership(
            group: group, roster: roster, record: record, rules: rules,
            session: attempt.session,
            duties: Duties(now: now, renewal: now + firstRenewal(members: count)))
        membership.joinedAt = briefing.start.sequence
        return (membership, briefing, roster.members[signer]?.attachment)
    }

    /// Whom the doorkeeper knows of those at the door.
    private func take(
        _ briefing: Envelope.Briefing, _ membership: Membership
    ) -> [GroupStep] {
        guard membership.rules.needsApproval else { return [] }
        noteCompanions(briefing.awaited.prefix(Envelope.Briefing.maximumAwaited).map(\.bytes))
        return briefing.asking.flatMap { heardAsking($0, membership) }
    }

    private func enter(
        _ membership: Membership, at briefing: Envelope.Briefing, by doorkeeper: AttachmentID?,
        now: Duration
    ) -> [GroupStep] {
        let held = seeking?.held ?? []
        let place = briefing.start.sequence
        let first = held.first {
            $0.sequence == place && $0.kind == .commit && $0.sender == doorkeeper
        }
        guard let first else {
            // We would not have all that was said from there on: another knock leads past it.
            guard seeking?.hasOverflowed == true else { return forged(now: now) }
            seeking?.knock(after: .zero, now: now)
            return []
        }
        var steps = leaveForWelcome()
        logEpoch = briefing.logEpoch
        membership.record.append(first)
        steps += enter(membership, now: now) + take(briefing, membership)
        steps += remember(membership, briefed: briefing.heard, now: now)
        noteAbsent(membership, now: now)
        for item in held where item.sequence > place {
            steps += entry(item, now: now).filter { step in
                // That was said when it came.
                if case .sayAgain = step { false } else { true }
            }
        }
        return steps
    }
}

extension Seeking {
    /// A knock goes out.
    mutating func noteKnock(_ attempt: Attempt, now: Duration) {
        attempts.append(attempt)
        if attempts.count > Self.maximumBundles { attempts.removeFirst() }
        if lastKnock == nil { tellsAt = now + Self.quiet }
        began = began ?? now
        lastKnock = now
        isAsking = true
        hasHeard = false
        recentKnocks.append(now)
        nextKnock = now + Self.patience
    }
}
