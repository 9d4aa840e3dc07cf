import Wire

@testable import Client

/// One person in a storm of outages, with what their screen showed.
final class OutagePerson {
    let number: Int
    /// The random start of their messages' ids.
    let run: UInt64
    var session: RoomSession
    var conversation: Conversation
    var line: Int?
    var connectsAt: Duration?
    /// Their network holds everything until then.
    var silentUntil: Duration = .zero
    /// Their program does nothing until then.
    var frozenUntil: Duration = .zero
    var inputs: [(at: Duration, count: Int)] = []
    var saidCount: UInt64 = 0
    var hasEnded = false

    /// Messages in the order in which they were shown.
    private(set) var heard: [MessageID] = []
    private(set) var sent: Set<MessageID> = []
    private(set) var uncertain: Set<MessageID> = []
    /// By how many a message was received, as their screen says.
    private(set) var receipts: [MessageID: Int] = [:]
    /// How often they were told that they missed something.
    private(set) var missedCount = 0
    /// How often they came in.
    private(set) var stays = 0
    /// When they came in the last time; nil outside.
    private(set) var enteredAt: Duration?

    init(number: Int, run: UInt64, session: RoomSession, conversation: Conversation) {
        self.number = number
        self.run = run
        self.session = session
        self.conversation = conversation
    }

    /// When what came over the network is seen.
    var heardAt: Duration { max(silentUntil, frozenUntil) }
    var isHere: Bool { !hasEnded && !session.isOver }
    var isInside: Bool { isHere && enteredAt != nil }
    var attachment: AttachmentID { conversation.people.me.attachment }

    /// Does what a client does with what its session says.
    func show(_ action: RoomSession.Action, now: Duration) {
        switch action {
        case .placed(let attached): conversation.placed(attached)
        case .resumed(let roster): show(conversation.resumed(roster: roster))
        case .restarted: conversation.logBeganAnew()
        case .presence(let presence): show(conversation.update(presence))
        case .missed: missedCount += 1
        case .news(let news): show(news, now: now)
        case .sent(let id, let places):
            conversation.sent(id, at: places)
            sent.insert(id)
        case .uncertain(let id): uncertain.insert(id)
        case .connect, .disconnect, .send, .connection, .readdress, .notice, .departed, .end: break
        }
    }

    private func show(_ news: GroupNews, now: Duration) {
        if case .entered = news {
            enteredAt = now
            stays += 1
        }
        if case .fellOut = news { enteredAt = nil }
        guard case .content(let sender, let bytes, _) = news else {
            return show(conversation.heard(news))
        }
        switch try? Content.decode(bytes) {
        case .text(let part)?: show(conversation.heard(part, by: sender))
        case .bye?: show(conversation.left(sender))
        default: break
        }
    }

    private func show(_ events: [ClientEvent]) {
        for event in events {
            switch event {
            case .message(let message): heard.append(message.id)
            case .missed: missedCount += 1
            case .received(let id, let count, _): receipts[id] = count
            default: break
            }
        }
    }
}

/// Something that was said, and who is to hear it.
struct OutageWord {
    let id: MessageID
    let person: OutagePerson
    /// Those who were in, as its sender knew for certain; how often each had come in, and had been
    /// told that something is missing.
    let listeners: [(person: OutagePerson, stays: Int, missedCount: Int)]

    init(id: MessageID, person: OutagePerson, among people: [OutagePerson]) {
        self.id = id
        self.person = person
        let known = Set(person.conversation.people.audience)
        let heardThrough = person.session.keepalive.heardThrough
        listeners = people.filter { other in
            other !== person && other.isInside && known.contains(other.attachment)
                && other.enteredAt.map { $0 < heardThrough } ?? false
        }.map { ($0, $0.stays, $0.missedCount) }
    }

    /// What is wrong with how it went.
    func problem(among people: [OutagePerson]) -> String? {
        let name = "p\(person.number)'s word \(UInt64(truncatingIfNeeded: id.number))"
        if person.isHere, !person.sent.contains(id) { return "\(name) was never acknowledged" }
        guard person.sent.contains(id) else { return nil }
        for (other, stays, missedCount) in listeners where other.isHere {
            let count = other.heard.count { $0 == id }
            if count > 1 { return "p\(other.number) heard \(name) \(count) times" }
            if count == 0, other.stays == stays {
                return "p\(other.number) stayed and did not hear \(name)"
            }
            if count == 0, other.missedCount == missedCount {
                return "p\(other.number) did not hear \(name) and was told nothing"
            }
        }
        let hearers = people.count { $0.heard.contains(id) }
        if let told = person.receipts[id], told > hearers {
            return "\(name) is said to be received by \(told), and \(hearers) heard it"
        }
        return nil
    }
}
