import TLSSyntax
import Wire

@testable import Client

/// A group without keys: whoever attaches is a member as soon as another has told them who is in,
/// and believes what the server says of who says what.
class PlainGroup: RoomGroup {
    /// What an entry is; its first byte.
    private enum Use: UInt8 {
        case hello = 1
        case content = 2
        case receipt = 3
        case move = 4
    }

    /// Pause before a knock that nobody answered is repeated.
    static let knockAgain: Duration = .milliseconds(250)
    /// Pause before one that is not even refused is.
    static let patience: Duration = .seconds(3)
    /// After so many knocks without an answer, there is nobody to ask.
    static let maximumKnocks = 8
    /// Who says nothing tells after so long what they have.
    static let receiptDelay: Duration = .seconds(1)

    let removals: [RoomMember] = []
    private(set) var isReady = false
    let sealing: Sealing? = Sealing(group: [], epoch: 0)
    private(set) var deadline: Duration?
    private(set) var me: RoomMember
    private(set) var members: [AttachmentID: RoomMember] = [:]
    private let secret: RoomSecret
    private let needsApproval: Bool
    private var newcomers: [AttachmentID: KnockID] = [:]
    private var ticket: UInt64 = 0
    private var sealed: UInt64 = 0
    private var knockCount = 0
    private var last: UInt64 = 0
    private var owesReceipt = false

    init(_ setting: GroupSetting, needsApproval: Bool = false) {
        secret = setting.secret
        self.needsApproval = needsApproval
        me = RoomMember(
            attachment: AttachmentID(0), name: setting.name,
            identityKey: setting.identity.publicKey)
    }

    // MARK: Coming in

    func attached(_ attached: ServerFrame.Attached, now: Duration) -> [GroupStep] {
        guard attached.standing == .resumed else {
            let fellOut: [GroupStep] = isReady ? [.news(.fellOut(logEnded: false))] : []
            me.attachment = attached.attachment
            members = [:]
            isReady = false
            knockCount = 0
            return fellOut + (attached.standing == .founder ? enter() : knock(now: now))
        }
        guard isReady else { return knock(now: now) }
        let here = Set(attached.roster.map(\.attachment))
        let gone = members.values.filter { !here.contains($0.attachment) }
        for member in gone { members[member.attachment] = nil }
        return [.ready(true)] + (gone.isEmpty ? [] : [.news(.left(gone, removedBy: nil))])
    }

    func detached(now: Duration) -> [GroupStep] {
        deadline = nil
        return []
    }

    func reset(to position: Position, now: Duration) -> [GroupStep] {
        last = 0
        return []
    }

    func gap(now: Duration) -> [GroupStep] { [] }
    func caughtUp(to time: Duration, now: Duration) {}
    func canBeRead(_ sealing: Sealing, now: Duration) -> Bool { true }

    private func knock(now: Duration) -> [GroupStep] {
        knockCount += 1
        deadline = now + Self.patience
        return [.knock(Self.encoded(me))]
    }

    private func enter() -> [GroupStep] {
        isReady = true
        deadline = nil
        let others = members.values.sorted { $0.attachment.number < $1.attachment.number }
        return [
            .news(.entered(me: me, others: others, Protection(needsApproval: needsApproval))),
            .ready(true),
        ]
    }

    func knocked(_ knock: ServerFrame.Knocked, now: Duration) -> [GroupStep] {
        guard isReady, let newcomer = Self.member(knock.payload),
            newcomer.attachment == knock.newcomer
        else { return [] }
        guard needsApproval else { return [answer(knock.knock)] }
        newcomers[knock.newcomer] = knock.knock
        return [.news(.newcomer(newcomer))]
    }

    private func answer(_ knock: KnockID) -> GroupStep {
        var writer = TLSWriter()
        for member in [me] + members.values { writer.writeOpaque(Self.encoded(member)) }
        return .answer(knocks: [knock], payload: writer.bytes)
    }

    func answered(_ answer: ServerFrame.Answered, now: Duration) -> [GroupStep] {
        guard !isReady else { return [] }
        guard !answer.payload.isEmpty else { return [.news(.turnedAway)] }
        var reader = TLSReader(answer.payload)
        while let bytes = try? reader.readOpaque(), let member = Self.member(bytes) {
            if member.attachment != me.attachment { members[member.attachment] = member }
        }
        return enter() + [append(.hello, Self.encoded(me))]
    }

    func unanswered(now: Duration) -> [GroupStep] {
        guard !isReady else { return [] }
        guard knockCount < Self.maximumKnocks else {
            return enter() + [append(.hello, Self.encoded(me))]
        }
        deadline = now + Self.knockAgain
        return [.news(.outside(.nobodyAnswers))]
    }

    func tick(now: Duration) -> [GroupStep] {
        guard let due = deadline, now >= due else { return [] }
        deadline = nil
        guard isReady else { return knock(now: now) }
        defer { owesReceipt = false }
        return owesReceipt ? [append(.receipt, [])] : []
    }

    // MARK: In the room

    func presence(_ presence: Presence, now: Duration) -> [GroupStep] {
        guard presence.state == .gone, let member = members.removeValue(forKey: presence.attachment)
        else { return [] }
        return isReady ? [.news(.left([member], removedBy: nil))] : []
    }

    func entry(_ entry: LogEntry, now: Duration) -> [GroupStep] {
        last = entry.sequence
        guard entry.isOwn || entry.sender != me.attachment else {
            return [.news(.warning(.repeatedEntry, about: me.attachment))]
        }
        var reader = TLSReader(entry.payload)
        guard let use = (try? reader.read(UInt8.self)).flatMap(Use.init),
            (try? reader.read(UInt64.self)) != nil, let claim = try? reader.read(UInt64.self)
        else { return [.news(.warning(.unreadable, about: entry.sender))] }
        let body = Array(entry.payload.dropFirst(17))
        if use == .hello { return hello(body, entry) }
        guard isReady, entry.isOwn || members[entry.sender] != nil else { return [] }
        let received: [GroupStep] =
            entry.isOwn ? [] : [.news(.received(by: entry.sender, since: 0, through: claim))]
        switch use {
        case .hello, .receipt: return received
        case .content:
            guard !entry.isOwn else { return [] }
            owe(now: now)
            return received + [
                .news(.content(sender: entry.sender, body, sequence: entry.sequence))
            ]
        case .move: return received + move(body, entry)
        }
    }

    private func owe(now: Duration) {
        guard !owesReceipt, members.count < Receipts.maximumRoom else { return }
        owesReceipt = true
        deadline = now + Self.receiptDelay
    }

    private func hello(_ body: [UInt8], _ entry: LogEntry) -> [GroupStep] {
        guard let member = Self.member(body), member.attachment == entry.sender else {
            return [.news(.warning(.wrongSender, about: entry.sender))]
        }
        guard !entry.isOwn else {
            let isRenamed = me.name != member.name
            me.name = member.name
            return isRenamed ? [.news(.renamed(me))] : []
        }
        let former = members.updateValue(member, forKey: entry.sender)
        guard isReady, former != member else { return [] }
        return [.news(former == nil ? .joined([member]) : .renamed(member))]
    }

    private func move(_ body: [UInt8], _ entry: LogEntry) -> [GroupStep] {
        var reader = TLSReader(body)
        guard let bytes = try? reader.readFixed(RoomSecret.size),
            let removed = try? reader.read(AttachmentID.self)
        else { return [.news(.warning(.refusedCommit, about: entry.sender))] }
        let secret = RoomSecret(bytes: bytes)
        guard removed != me.attachment else {
            return (members[entry.sender]).map { [.news(.removedUs(by: $0))] } ?? []
        }
        let member = members.removeValue(forKey: removed)
        let left = member.map { GroupStep.news(.left([$0], removedBy: entry.sender)) }
        let moved = GroupNews.moved(secret, by: entry.sender, removed: member)
        return [left, .news(moved)].compactMap(\.self)
    }

    /// Whether a person's client said it, and not its group.
    func isWords(_ entry: LogEntry) -> Bool { entry.payload.first == Use.content.rawValue }

    func settled(
        _ ticket: GroupStep.Ticket, _ outcome: AppendOutcome, now: Duration
    ) -> [GroupStep] { [] }

    // MARK: What is asked for

    func perform(_ wish: GroupWish, now: Duration) throws(ClientRefusal) -> [GroupStep] {
        guard isReady else { throw .outside }
        switch wish {
        case .admit(let id):
            guard let knock = newcomers.removeValue(forKey: id) else { throw .noSuchNewcomer }
            let decided = GroupNews.decided(newcomer: id, .admitted(by: me.attachment))
            return [answer(knock), .news(decided)]
        case .refuse(let id):
            guard let knock = newcomers.removeValue(forKey: id) else { throw .noSuchNewcomer }
            let decided = GroupNews.decided(newcomer: id, .refused(by: me.attachment))
            return [.answer(knocks: [knock], payload: []), .news(decided)]
        case .remove(let id):
            var writer = TLSWriter()
            writer.writeFixed((0..<RoomSecret.size).map { _ in UInt8.random(in: .min ... .max) })
            writer.write(id)
            return [append(.move, writer.bytes)]
        case .rename(let name):
            var renamed = me
            renamed.name = name
            return [append(.hello, Self.encoded(renamed))]
        }
    }

    private func append(_ use: Use, _ body: [UInt8]) -> GroupStep {
        ticket += 1
        return .append(
            GroupStep.Ticket(ticket), kind: .message, epoch: 0, payload: wrap(use, body))
    }

    func seal(_ content: [UInt8], now: Duration) throws(GroupError) -> [UInt8] {
        guard isReady else { throw .notReady }
        owesReceipt = false
        return wrap(.content, content)
    }

    /// No two are the same, as no two sealed entries are.
    private func wrap(_ use: Use, _ body: [UInt8]) -> [UInt8] {
        sealed += 1
        var writer = TLSWriter(capacity: body.count + 17)
        writer.write(use.rawValue)
        writer.write(sealed)
        writer.write(last)
        writer.writeFixed(body)
        return writer.bytes
    }

    static func encoded(_ member: RoomMember) -> [UInt8] {
        var writer = TLSWriter()
        writer.write(member.attachment)
        writer.writeOpaque(member.name)
        writer.writeOpaque(member.identityKey)
        return writer.bytes
    }

    private static func member(_ bytes: [UInt8]) -> RoomMember? {
        var reader = TLSReader(bytes)
        guard let attachment = try? reader.read(AttachmentID.self),
            let name = try? reader.readOpaque(), let key = try? reader.readOpaque()
        else { return nil }
        return RoomMember(attachment: attachment, name: name, identityKey: key)
    }
}
