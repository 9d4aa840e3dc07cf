import Testing
import Wire

@testable import Client

@Suite("Who is in the room")
struct MembershipTests {
    private let me = AttachmentID(9)
    private let ann = AttachmentID(1)
    private let bob = AttachmentID(2)
    private var conversation = Conversation(
        me: Person(attachment: AttachmentID(0), name: "me", keyTag: ""),
        wallClock: WallClock(now: { 50_520 }, offset: { _ in 0 }))

    private func member(_ id: AttachmentID, _ name: String, key: UInt8? = nil) -> RoomMember {
        RoomMember(
            attachment: id, name: Array(name.utf8),
            identityKey: Array(repeating: key ?? UInt8(id.number), count: 32))
    }

    private mutating func place(_ roster: [AttachmentID]) {
        conversation.placed(
            ServerFrame.Attached(
                standing: .newcomer, attachment: me, token: ResumeToken(number: 1),
                position: Position(log: LogID(number: 1), sequence: 0), epoch: 0,
                roster: roster.map { Presence(attachment: $0, state: .here) }))
    }

    private mutating func enter(_ others: [RoomMember]) -> ClientEvent.Joined? {
        let news = GroupNews.entered(me: member(me, "me"), others: others, Protection(suite: "x"))
        return conversation.heard(news).lazy.compactMap(\.joined).first
    }

    private func changes(_ events: [ClientEvent]) -> [String] {
        events.compactMap { event in event.person.map { "\($0.0.name) \($0.1)" } }
    }

    private func part(_ number: UInt128, _ text: String = "x") -> Content.TextPart {
        Content.TextPart(
            message: MessageID(number: number), index: 0, count: 1, bytes: Array(text.utf8))
    }

    @Test("is who the group lets in; whom the server alone claims to be here is not shown")
    mutating func ghosts() throws {
        place([ann, AttachmentID(66)])
        #expect(conversation.people.others.isEmpty)
        let joined = try #require(enter([member(ann, "Ann")]))
        #expect(joined.people.map(\.name) == ["Ann"] && joined.protection.suite == "x")
        #expect(conversation.update(Presence(attachment: bob, state: .here)).isEmpty)
        #expect(!conversation.people.isPresent(bob))
        #expect(conversation.people.all.map(\.name) == ["me", "Ann"])
        let arrival = conversation.heard(.joined([member(bob, "Bob")]))
        #expect(changes(arrival) == ["Bob arrived"])
        #expect(conversation.people.person(bob).isAway == false)
    }

    @Test("can read along though the server says nothing of them, and is shown")
    mutating func hidden() throws {
        place([])
        let joined = try #require(enter([member(ann, "Ann")]))
        #expect(joined.people.first?.isAway == true)
        #expect(changes(conversation.heard(.joined([member(bob, "Bob")]))) == ["Bob arrived"])
    }

    @Test("is here or away as the server says")
    mutating func presence() {
        place([ann])
        _ = enter([member(ann, "Ann")])
        let away = conversation.update(Presence(attachment: ann, state: .away))
        #expect(changes(away) == ["Ann away"])
        #expect(conversation.update(Presence(attachment: ann, state: .away)).isEmpty)
        let back = conversation.update(Presence(attachment: ann, state: .here))
        #expect(changes(back) == ["Ann back"])
    }

    @Test("has left at once when the server says so, and is back with their next word")
    mutating func gone() {
        place([ann])
        _ = enter([member(ann, "Ann")])
        let left = conversation.update(Presence(attachment: ann, state: .gone))
        #expect(changes(left) == ["Ann left"])
        #expect(conversation.people.others.isEmpty)
        let words = conversation.heard(part(1), by: ann)
        #expect(changes(words) == ["Ann back"] && words.last?.message?.sender.name == "Ann")
        #expect(conversation.people.isPresent(ann))
        // The group takes them out later; that is told once.
        _ = conversation.left(ann)
        #expect(conversation.heard(.left([member(ann, "Ann")], removedBy: nil)).isEmpty)
    }

    @Test("stays until the group takes them out when the server has lost them in a break")
    mutating func resumed() {
        place([ann, bob])
        _ = enter([member(ann, "Ann"), member(bob, "Bob")])
        let events = conversation.resumed(roster: [Presence(attachment: bob, state: .here)])
        #expect(changes(events) == ["Ann away"])
        // Their last words are in what is replayed.
        #expect(conversation.heard(part(1), by: ann).last?.message?.text == "x")
        let left = conversation.heard(.left([member(ann, "Ann")], removedBy: nil))
        #expect(changes(left) == ["Ann left"])
        #expect(conversation.people.person(ann).name == "Ann")
    }

    @Test("was removed by somebody, who is named")
    mutating func removed() throws {
        place([ann, bob])
        _ = enter([member(ann, "Ann"), member(bob, "Bob")])
        let events = conversation.heard(.left([member(bob, "Bob")], removedBy: ann))
        guard case .person(let person, .removed(let by)) = try #require(events.first) else {
            Issue.record("\(events)")
            return
        }
        #expect(person.name == "Bob" && by.name == "Ann")
    }

    @Test("goes by another name, this client too")
    mutating func renamed() {
        place([ann])
        _ = enter([member(ann, "Ann")])
        #expect(
            changes(conversation.heard(.renamed(member(ann, "Anna"))))
                == ["Anna renamed(from: \"Ann\")"])
        #expect(
            changes(conversation.heard(.renamed(member(me, "I"))))
                == ["I renamed(from: \"me\")"])
        #expect(conversation.people.all.map(\.name) == ["I", "Anna"])
    }

    @Test("is told anew after this client fell out, with what it missed")
    mutating func fellOut() throws {
        place([ann])
        _ = enter([member(ann, "Ann")])
        #expect(conversation.heard(.fellOut(logEnded: false)).isEmpty)
        let news = GroupNews.entered(
            me: member(me, "me"), others: [member(ann, "Ann")], Protection())
        let events = conversation.heard(news)
        #expect(events.contains { $0.joined != nil } && events.contains(where: \.missed))
        let again = conversation.heard(news)
        #expect(!again.contains { $0.missed })
    }

    @Test("has missed nothing of a conversation that they begin anew")
    mutating func founder() throws {
        place([ann])
        _ = enter([member(ann, "Ann")])
        for (standing, misses) in [(ServerFrame.Standing.founder, false), (.newcomer, true)] {
            conversation.placed(
                ServerFrame.Attached(
                    standing: standing, attachment: me, token: ResumeToken(number: 1),
                    position: Position(log: LogID(number: 2), sequence: 0), epoch: 0, roster: []))
            _ = conversation.heard(.fellOut(logEnded: false))
            let events = conversation.heard(
                .entered(me: member(me, "me"), others: [], Protection()))
            #expect(events.lazy.compactMap(\.joined).first?.standing == standing)
            #expect(events.contains { $0.missed } == misses)
        }
    }

    // MARK: What they say

    @Test("may say something late or again, at another place or in another log, and is heard once")
    mutating func late() {
        place([ann])
        _ = enter([member(ann, "Ann", key: 7)])
        #expect(conversation.heard(part(2), by: ann).last?.message != nil)
        #expect(conversation.heard(part(5), by: ann).last?.message != nil)
        // The same person and run at another place.
        _ = conversation.heard(.joined([member(bob, "Ann", key: 7)]))
        #expect(conversation.heard(part(6), by: bob).last?.message != nil)
        #expect(conversation.heard(part(5), by: bob).isEmpty)
        // Lost with the connection, or the log, that broke: late is better than never.
        #expect(conversation.heard(part(4), by: bob).last?.message != nil)
        conversation.logBeganAnew()
        #expect(conversation.heard(part(6), by: bob).isEmpty)
        #expect(conversation.heard(part(3), by: bob).last?.message != nil)
    }

    @Test("says what they do as what they do")
    mutating func actions() {
        place([ann])
        _ = enter([member(ann, "Ann")])
        var waves = part(1, "waves")
        waves.style = .action
        #expect(conversation.heard(waves, by: ann).last?.message?.isAction == true)
        #expect(conversation.heard(part(2), by: ann).last?.message?.isAction == false)
    }

    // MARK: Who asks to be let in

    @Test("and who waits at the door is told once, until it is decided")
    mutating func newcomers() throws {
        place([ann])
        _ = enter([member(ann, "Ann")])
        #expect(conversation.heard(.newcomer(member(bob, "Bob"))).count == 1)
        #expect(conversation.heard(.newcomer(member(bob, "Bob"))).isEmpty)
        #expect(conversation.newcomers.map(\.name) == ["Bob"])
        let events = conversation.heard(.decided(newcomer: bob, .admitted(by: ann)))
        guard case .decided(let newcomer, .admitted(let by)) = try #require(events.first) else {
            Issue.record("\(events)")
            return
        }
        #expect(newcomer.name == "Bob" && by.name == "Ann" && conversation.newcomers.isEmpty)
        _ = conversation.heard(.newcomer(member(bob, "Bob")))
        _ = conversation.heard(.joined([member(bob, "Bob")]))
        #expect(conversation.newcomers.isEmpty)
        #expect(conversation.heard(.decided(newcomer: bob, .gone)).isEmpty)
    }

    // MARK: Warnings

    private func sentences(_ events: [ClientEvent]) -> [String] {
        events.compactMap { if case .warning(let warning) = $0 { warning.sentence } else { nil } }
    }

    @Test("is warned of once for each kind, with the time up to which all was well")
    mutating func warnings() throws {
        place([ann, bob])
        _ = enter([member(ann, "Ann"), member(bob, "Bob")])
        let first = conversation.heard(.warning(.differentConversation, about: bob))
        #expect(
            sentences(first) == [
                "the server has shown Bob a different conversation since 14:02, or Bob's program "
                    + "is wrong"
            ])
        #expect(conversation.heard(.warning(.differentConversation, about: bob)).isEmpty)
        #expect(conversation.heard(.warning(.differentConversation, about: ann)).count == 1)
        #expect(conversation.heard(.warning(.repeatedEntry, about: bob)).count == 1)
        #expect(conversation.heard(.warning(.forgedWelcome, about: nil)).count == 1)
        // Bob is the same person at another place.
        _ = conversation.heard(.joined([member(AttachmentID(3), "Bob", key: 2)]))
        #expect(conversation.heard(.warning(.repeatedEntry, about: AttachmentID(3))).isEmpty)
    }

    @Test("is named by the key's tag where two have one name")
    mutating func namesakes() throws {
        place([ann, bob])
        _ = enter([member(ann, "Sam"), member(bob, "Sam")])
        let told = sentences(conversation.heard(.warning(.refusedCommit, about: bob)))
        let tag = conversation.people.person(bob).keyTag
        #expect(try #require(told.first).utf8.starts(with: "Sam#\(tag) made a change".utf8))
    }

    @Test(
        "is told of all who write and are not in once, and after a while once more, with their count"
    )
    mutating func outsiders() throws {
        var warnings = Warnings()
        let written = warnings.outsiderWrote(now: 1000)
        let first = try #require(written)
        #expect(first.kind == .outsider && first.person == nil)
        for second in 1000..<1000 + Warnings.outsidersPause {
            let more = (0..<270).compactMap { _ in warnings.outsiderWrote(now: second) }
            #expect(more.isEmpty)
        }
        let again = warnings.outsiderWrote(now: 1000 + Warnings.outsidersPause)
        #expect(again?.sentence == first.sentence + " (162002 entries so far)")
        let more = warnings.outsiderWrote(now: 1001 + Warnings.outsidersPause)
        #expect(more == nil)
        place([ann])
        _ = enter([member(ann, "Ann")])
        let told = (100...2257).flatMap { number in
            conversation.heard(.warning(.outsider, about: AttachmentID(UInt64(number))))
        }
        #expect(sentences(told) == [first.sentence])
    }

    @Test("every kind of warning has one sentence of its own")
    mutating func everyKind() throws {
        place([ann])
        _ = enter([member(ann, "Ann")])
        let kinds: [RoomWarning.Kind] = [
            .differentConversation, .unreadable, .withheldCommit, .repeatedEntry, .wrongSender,
            .secondConversation, .strangersFirst, .droppedWhileHere, .refusedCommit, .forgedKnock,
            .forgedWelcome, .outsider,
        ]
        let told = kinds.flatMap { sentences(conversation.heard(.warning($0, about: ann))) }
        #expect(Set(told).count == kinds.count)
        #expect(told.allSatisfy { !$0.utf8.contains(UInt8(ascii: "\n")) })
    }
}

@Suite("The time of day")
struct WallClockTests {
    @Test(
        "is that of the place",
        arguments: [
            (50_520, 0, "14:02"), (0, 0, "00:00"), (86_399, 0, "23:59"), (86_400, 60, "00:01"),
            (3_600, -3_600, "00:00"), (82_800, 7_200, "01:00"),
        ] as [(UInt64, Int, String)])
    func timeOfDay(seconds: UInt64, offset: Int, text: String) {
        #expect(WallClock(now: { 0 }, offset: { _ in offset }).timeOfDay(seconds) == text)
    }
}

@Suite("Those who should have a message")
struct AudienceTests {
    private let ann = AttachmentID(1)
    private let bob = AttachmentID(2)

    /// Two others, who may be one person.
    private func people(keys: [UInt8]) -> People {
        var people = People(
            me: Person(attachment: AttachmentID(9), name: "me", keyTag: ""))
        people.place(roster: [
            .init(attachment: ann, state: .here), .init(attachment: bob, state: .here),
        ])
        let others = zip([ann, bob], keys).map { id, key in
            RoomMember(
                attachment: id, name: [65], identityKey: [UInt8](repeating: key, count: 32))
        }
        let me = RoomMember(
            attachment: AttachmentID(9), name: [66], identityKey: [UInt8](repeating: 9, count: 32))
        people.enter(me: me, others: others, now: 0)
        return people
    }

    @Test("are those who are here, and those who are away for a short time")
    func shortAbsence() {
        var people = people(keys: [1, 2])
        _ = people.update(.init(attachment: bob, state: .away), now: 100)
        #expect(Set(people.listeners(now: 100 + People.shortAbsence - 1)) == [ann, bob])
        #expect(people.listeners(now: 100 + People.shortAbsence) == [ann])
        _ = people.update(.init(attachment: bob, state: .here), now: 200)
        #expect(Set(people.listeners(now: 200)) == [ann, bob])
        _ = people.update(.init(attachment: bob, state: .gone), now: 200)
        #expect(people.listeners(now: 200) == [ann])
    }

    @Test("are not what is left of a client that was killed and started again")
    func ghost() {
        var people = people(keys: [1, 1])
        #expect(Set(people.listeners(now: 100)) == [ann, bob])
        _ = people.update(.init(attachment: bob, state: .away), now: 100)
        #expect(people.listeners(now: 100) == [ann])
    }
}

@Suite("Receipts")
struct ReceiptsTests {
    private let ann = AttachmentID(1)
    private let bob = AttachmentID(2)
    private let one = MessageID(number: 1)
    private let two = MessageID(number: 2)

    @Test("count up, and only when more have a message")
    func counting() {
        var receipts = Receipts()
        receipts.sent(one, at: [10], to: [ann, bob])
        receipts.sent(two, at: [20], to: [ann, bob])
        #expect(receipts.received(by: ann, since: 0, through: 9).isEmpty)
        #expect(
            receipts.received(by: ann, since: 0, through: 10)
                == [Receipts.Count(message: one, received: 1, audience: 2)])
        #expect(receipts.received(by: ann, since: 0, through: 15).isEmpty)
        #expect(
            receipts.received(by: bob, since: 0, through: 25) == [
                Receipts.Count(message: one, received: 2, audience: 2),
                Receipts.Count(message: two, received: 1, audience: 2),
            ])
        #expect(receipts.last == ([bob], [ann]))
        _ = receipts.received(by: ann, since: 0, through: 20)
        #expect(receipts.last == ([bob, ann], []))
    }

    @Test("never count who could not open a part")
    func unable() {
        var receipts = Receipts()
        receipts.sent(one, at: [10, 12], to: [ann, bob])
        receipts.sent(two, at: [20], to: [ann, bob])
        receipts.lacks(ann, places: [11, 12])
        #expect(receipts.received(by: ann, since: 0, through: 30).map(\.message) == [two])
        #expect(
            receipts.received(by: bob, since: 0, through: 30)
                == [
                    Receipts.Count(message: one, received: 1, audience: 2),
                    Receipts.Count(message: two, received: 2, audience: 2),
                ])
    }

    @Test("do not count what somebody lost, or did not get before they came in again")
    func gap() {
        var receipts = Receipts()
        receipts.sent(one, at: [10], to: [ann, bob])
        receipts.sent(two, at: [20], to: [ann, bob])
        #expect(
            receipts.received(by: ann, since: 15, through: 25)
                == [Receipts.Count(message: two, received: 1, audience: 2)])
        _ = receipts.received(by: bob, since: 0, through: 25)
        #expect(receipts.last == ([ann, bob], []))
    }

    @Test("of those who came later do not count")
    func latecomers() {
        var receipts = Receipts()
        receipts.sent(one, at: [10], to: [ann])
        #expect(receipts.received(by: bob, since: 0, through: 99).isEmpty)
    }

    @Test("are not asked for in a large room, nor carried from one log to another")
    func limits() {
        var receipts = Receipts()
        let many = (1...UInt64(Receipts.maximumRoom)).map { AttachmentID($0) }
        receipts.sent(one, at: [10], to: many)
        #expect(receipts.received(by: ann, since: 0, through: 99).isEmpty)
        receipts.sent(two, at: [10], to: Array(many.dropLast()))
        #expect(receipts.received(by: ann, since: 0, through: 99).count == 1)
        receipts.logBeganAnew()
        #expect(receipts.received(by: bob, since: 0, through: 99).isEmpty)
        #expect(receipts.last == ([], []))
    }

    @Test("remember only so many messages")
    func bounds() {
        var receipts = Receipts()
        let count = Receipts.maximumMessages + 10
        for number in 0..<count {
            receipts.sent(MessageID(number: UInt128(number)), at: [UInt64(number)], to: [ann])
        }
        #expect(
            receipts.received(by: ann, since: 0, through: .max).count == Receipts.maximumMessages)
    }
}
