import MLS
import TLSSyntax
import Wire

/// The room's group on Messaging Layer Security (RFC 9420).
///
/// It is either inside (`membership`), or seeks to come in (`seeking`), or it is over. What the
/// server says is used where a lie costs no more than silence would; who is in the group, who said
/// what and in which order commits came is proved by the members to each other.
final class MLSRoomGroup: RoomGroup {
    struct Place {
        var log: LogID
        let attachment: AttachmentID
    }

    let keys: RoomKeys
    let identity: Identity
    let suite: CipherSuite
    let rules: RoomRules
    /// Identity keys of those who were in before the log began anew, or in the room that this one
    /// was, and have not left since: nobody decides about them again.
    private(set) var companions: Set<[UInt8]>
    /// Those whom this person wants out, in this room or in the one that it was.
    var removals: [RoomMember]
    let environment: Environment
    /// For key packages alone: with a clock that is behind.
    let packaging: Environment
    /// Members beyond whom first renewals are spared.
    var largeRoom = Duties.largeRoom
    var name: [UInt8]
    var random: any RandomNumberGenerator & Sendable

    /// Logs of this room that are no more, and their groups: who has not noticed knocks and says
    /// something there still.
    private(set) var formerLogs: [LogID] = []
    private(set) var formerGroups: [[UInt8]] = []
    /// Of those, the last few are remembered.
    private static let maximumFormer = 8

    var memory: LogMemory
    var lastAudience: (mark: AudienceMark, keys: Set<[UInt8]>)?

    var place: Place?
    var isConnected = false
    /// Everything that was in the log then has passed.
    private var heardThrough: Duration = .zero
    /// Commits that the log has taken, as the server counts them.
    var logEpoch: UInt64 = 0
    /// The place of the last entry that we have seen.
    var lastSeen: UInt64 = 0
    /// The others at the server: here or away.
    var presences: [AttachmentID: Presence.State] = [:]
    var membership: Membership?
    /// Besides a membership, when we ask to be let in anew from inside.
    var seeking: Seeking?
    /// When we knocked before we came in.
    var earlierKnocks: [Duration] = []
    /// How often we came in again for want of the record of the log.
    var recoveries = 0
    /// Knocks of ours after the one that was answered: whoever serves them as well takes us out and
    /// in again. Kept until our keys are renewed.
    var laterAttempts: [Seeking.Attempt] = []
    /// The group that we fell out of, in this stay at the server.
    private(set) var lastGroup: LastGroup?
    var isOver = false
    private var lastTicket: UInt64 = 0

    init(_ setting: GroupSetting) {
        keys = RoomKeys(setting.secret)
        identity = setting.identity
        suite = CipherSuite(rawValue: setting.options.suite)
        rules = RoomRules(needsApproval: setting.options.needsApproval)
        companions = setting.companions
        memory = LogMemory(cameFromElsewhere: !setting.companions.isEmpty)
        removals = setting.removals
        name = setting.name
        random = setting.random
        let wallClock = setting.wallClock
        environment = Environment(now: wallClock)
        packaging = Environment(now: {
            let now = wallClock()
            return now - min(now, Self.clockTolerance)
        })
    }

    var isReady: Bool { membership != nil && isConnected && !isOver }

    // MARK: The connection

    func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep] {
        guard !isOver else { return [] }
        isConnected = true
        presences = [:]
        for presence in attached.roster { presences[presence.attachment] = presence.state }
        if attached.standing == .resumed, place?.log == attached.position.log {
            return resumed(now: now)
        }
        if place?.log != attached.position.log { logBeginsAnew() }
        let logEnded = place.map { $0.log != attached.position.log } ?? false
        let wasInside = leaveGroup()
        lastGroup = nil
        seeking = Seeking()
        leaveItToMembers(now: now)
        place = Place(log: attached.position.log, attachment: attached.attachment)
        logEpoch = attached.epoch
        lastSeen = attached.position.sequence
        let steps: [GroupStep] = wasInside ? [.news(.fellOut(logEnded: logEnded))] : []
        // In a log without a founding there is nobody to ask. Those who were in before come first:
        // whoever founds lets the others in.
        let wereIn = attached.epoch == 0 && !companions.isEmpty
        let isFirst = wereIn || attached.standing == .founder && !isGuest
        return steps + (isFirst ? found(now: now) : knock(now: now))
    }

    private func resumed(now: Duration) -> [GroupStep] {
        if let membership {
            noteAbsent(membership, now: now)
            seeking?.knock(after: Seeking.afterReplay, now: now)
            return [.ready(true)]
        }
        guard seeking?.founding == nil else { return [] }
        // What we missed comes first: the commit that lets us in may be in it, and its answer lost.
        seeking?.knock(after: Seeking.afterReplay, now: now)
        return []
    }

    func detached(now: Duration) -> [GroupStep] {
        isConnected = false
        return []
    }

    func caughtUp(to time: Duration, now: Duration) {
        heardThrough = max(heardThrough, time)
        dropOldKeys(now: now)
    }

    /// Drops the keys of epochs whose messages have come, or will not.
    private func dropOldKeys(now: Duration) {
        guard let membership,
            let first = membership.ends.expire(heardThrough: heardThrough, now: now)
        else { return }
        membership.group.forgetEpochs(before: first)
    }

    /// The epoch before the current one is over.
    func noteEnd(_ membership: Membership, now: Duration) {
        membership.ends.add(
            membership.group.epoch - 1, notBefore: heardThrough, seen: now)
    }

    func reset(to position: Position, now: Duration) -> [GroupStep] {
        guard let attachment = place?.attachment, !isOver else { return [] }
        logBeginsAnew()
        place = Place(log: position.log, attachment: attachment)
        logEpoch = 0
        lastSeen = position.sequence
        let wasInside = leaveGroup()
        lastGroup = nil
        guard wasInside else {
            let steps = seekAgain(now: now)
            leaveItToMembers(now: now)
            return steps
        }
        return [.news(.fellOut(logEnded: true)), .ready(false)] + found(now: now)
    }

    func gap(now: Duration) -> [GroupStep] {
        if let membership {
            membership.hasGap = true
            membership.missedAfter = membership.missedAfter ?? lastSeen
            membership.loseRecord()
        }
        seeking?.loseHeld()
        return []
    }

    /// Out of the group, if we were in it.
    func leaveGroup() -> Bool {
        // Who comes in again comes in by the name that they wanted.
        if let newName = membership?.newName { name = newName }
        if let owed = membership?.owed { want(out: owed.removed) }
        if let membership { lastGroup = LastGroup(membership) }
        defer { membership = nil }
        // The server counts the knocks of an attachment, however often it falls out.
        let recentKnocks = seeking?.recentKnocks ?? earlierKnocks
        // One that was made inside may be answered still.
        stayInside()
        seeking = Seeking()
        seeking?.recentKnocks = recentKnocks
        seeking?.attempts = laterAttempts
        laterAttempts = []
        return membership != nil
    }

    /// Out of the group, and back to the door.
    func seekAgain(now: Duration) -> [GroupStep] {
        let wasInside = leaveGroup()
        let steps: [GroupStep] = wasInside ? [.news(.fellOut(logEnded: false)), .ready(false)] : []
        let isServed = seeking?.attempts.isEmpty == false
        seeking?.knock(after: isServed ? Seeking.answering : .zero, now: now)
        guard let due = seeking?.nextKnock, due > now else { return steps + knock(now: now) }
        return steps
    }

    /// Those who were in come in again without being asked about.
    private func logBeginsAnew() {
        if let place { formerLogs = (formerLogs + [place.log]).suffix(Self.maximumFormer) }
        guard let membership else { return }
        formerGroups = (formerGroups + [membership.group.groupID]).suffix(Self.maximumFormer)
        let members = membership.roster.members.values
        companions.formUnion(
            members.lazy.filter { !membership.leavers.contains($0.attachment) }.map(\.identityKey))
    }

    /// The same for those whom the member who let us in waits for.
    func noteCompanions(_ keys: some Sequence<[UInt8]>) { companions.formUnion(keys) }

    /// Who leaves is a stranger again, unless they are still here at another place.
    func forgetCompanions(_ left: [RoomMember], _ membership: Membership) {
        for key in Set(left.map(\.identityKey)).intersection(companions)
        where !membership.roster.members.values.contains(where: { $0.identityKey == key }) {
            companions.remove(key)
        }
    }

    // MARK: Time

    var deadline: Duration? {
        guard !isOver else { return nil }
        guard isConnected else { return membership?.ends.deadline }
        if let membership {
            return [nextDuty(membership), seeking?.nextKnock].compactMap(\.self).min()
        }
        return [seeking?.nextKnock, seeking?.tellsAt].compactMap(\.self).min()
    }

    func tick(now: Duration) -> [GroupStep] {
        dropOldKeys(now: now)
        guard isConnected, !isOver else { return [] }
        if let membership {
            return doDuties(membership, now: now) + rejoinIfDue(now: now)
        }
        return seekOn(now: now)
    }

    // MARK: The log

    func entry(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        guard !isOver else { return [] }
        lastSeen = entry.sequence
        // What a server says of epochs is not to be trusted: it may have said any number.
        if entry.kind == .commit { logEpoch &+= 1 }
        guard let membership else { return heard(entry, now: now) }
        membership.record.append(entry)
        let steps =
            switch entry.kind {
            case .commit: commit(entry, membership, now: now)
            case .message where entry.isOwn: landed(entry, membership, now: now)
            case .message: message(entry, membership, now: now)
            }
        // A commit may have let us in anew, as the answer to a knock will say; what comes after it is
        // read then.
        seeking?.hold(entry)
        return steps
    }

    func settled(
        _ ticket: GroupStep.Ticket, _ outcome: AppendOutcome, now: Duration
    ) -> [GroupStep] {
        guard !isOver else { return [] }
        if seeking?.founding?.ticket == ticket { return foundingSettled(outcome, now: now) }
        guard let membership else { return [] }
        if membership.proposed?.ticket == ticket {
            return commitSettled(membership, outcome, now: now)
        }
        guard let index = membership.spoken.firstIndex(where: { $0.ticket == ticket }) else {
            return []
        }
        let spoken = membership.spoken.remove(at: index)
        let isMove = if case .moves = spoken.body { true } else { false }
        // Taken on an earlier connection, and its entry is not to be had any more.
        guard case .accepted(let sequence) = outcome, let own = place?.attachment,
            !isMove || spoken.epoch == membership.group.epoch
        else {
            if isMove { moveFailed(membership, now: now) }
            return []
        }
        return take(spoken.body, from: own, at: sequence, membership, now: now)
    }

    // MARK: What the parts share

    func nextTicket() -> GroupStep.Ticket {
        lastTicket += 1
        return GroupStep.Ticket(lastTicket)
    }

    /// A time span between two others.
    func between(_ low: Duration, _ high: Duration) -> Duration {
        low + (high - low) * Double.random(in: 0..<1, using: &random)
    }

    /// Fresh keys for one stay, vouched for by the identity key.
    func makeSession(named name: [UInt8]? = nil) throws -> MLS.Identity {
        let key = try SignaturePrivateKey(for: suite, environment: environment)
        return try session(key, named: name ?? self.name)
    }

    func session(_ key: SignaturePrivateKey, named name: [UInt8]) throws -> MLS.Identity {
        let passport = try Passport(
            identity, name: name, leafKey: key.publicKey, room: keys.room)
        return MLS.Identity(
            credential: .basic(identity: passport.tlsEncoded), signatureKey: key)
    }

    static let capabilities = Capabilities(extensions: [Placement.type, RoomRules.type])

    /// Short messages look alike up to this many bytes, some hundred characters of text among them.
    static let smallestMessage = 256

    /// Seconds that members' clocks may differ: a month. Key packages are made for one knock, so
    /// that their lifetime says nothing about their worth.
    static let clockTolerance: UInt64 = 30 * 24 * 3600

    static let policy = GroupPolicy(
        // Members whose clocks differ must not differ about a commit.
        lifetimes: LifetimePolicy(maximum: 3 * clockTolerance, checksReceivedLeaves: false),
        // What was under way is sealed anew after a break, more than once if need be.
        ratchets: RatchetPolicy(
            maximumForward: 4 * UInt32(Outbox.maximumFlights),
            maximumKept: RatchetPolicy.standard.maximumKept),
        padding: .padmeFrom(smallestMessage),
        // `EpochEnds` says when.
        pastEpochs: PastEpochPolicy(count: EpochEnds.readableCount, seconds: .max),
        resumptionKeysKept: 0)
}

extension CipherSuite {
    /// What a person is told about it.
    var title: String {
        switch self {
        case .mlkem768X25519AES256GCMSHA384Ed25519: "MLS with ML-KEM-768 + X25519, AES-256-GCM"
        case .x25519AES128GCMSHA256Ed25519: "MLS with X25519, AES-128-GCM"
        case .x25519ChaCha20Poly1305SHA256Ed25519: "MLS with X25519, ChaCha20-Poly1305"
        case .p256AES128GCMSHA256P256: "MLS with P-256, AES-128-GCM"
        case .p384AES256GCMSHA384P384: "MLS with P-384, AES-256-GCM"
        case .p521AES256GCMSHA512P521: "MLS with P-521, AES-256-GCM"
        default: "MLS, suite \(rawValue)"
        }
    }

    /// Whether a quantum computer of the future is no help against it.
    var isPostQuantum: Bool { self == .mlkem768X25519AES256GCMSHA384Ed25519 }
}
