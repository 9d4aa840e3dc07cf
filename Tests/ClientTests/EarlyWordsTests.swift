import Testing
import Wire

@testable import Client

@Suite("Words of people without a name")
struct EarlyWordsTests {
    private let ann = AttachmentID(1)
    private let room = RoomSecret().accessKey.room
    private var conversation: Conversation

    init() {
        let me = Person(attachment: AttachmentID(9), name: "me", keyTag: "")
        conversation = Conversation(room: room, me: me)
        _ = conversation.update(Presence(attachment: ann, state: .here))
    }

    private func part(_ number: UInt128) -> Content.TextPart {
        Content.TextPart(
            message: MessageID(number: number), index: 0, count: 1,
            bytes: [UInt8(truncatingIfNeeded: number)])
    }

    private func said(_ events: [ClientEvent]) -> [(name: String, text: String)] {
        events.compactMap {
            guard case .message(let message) = $0 else { return nil }
            return (message.sender.name, message.text)
        }
    }

    @Test("wait for the name, and then come in order, as theirs")
    mutating func named() throws {
        #expect(conversation.heard(part(0x61), by: ann, now: .zero).isEmpty)
        #expect(conversation.heard(part(0x62), by: ann, now: .seconds(1)).isEmpty)
        let name = try #require(Identity().announce(name: "Ann", attachment: ann, room: room))
        let words = said(conversation.learn([name]))
        #expect(words.map(\.text) == ["a", "b"])
        #expect(words.allSatisfy { $0.name == "Ann" })
        #expect(conversation.deadline == nil)
        #expect(said(conversation.heard(part(0x63), by: ann, now: .seconds(1))).count == 1)
    }

    @Test("are said without one when it does not come, and the next are not held")
    mutating func unnamed() throws {
        _ = conversation.heard(part(0x61), by: ann, now: .zero)
        let deadline = try #require(conversation.deadline)
        #expect(conversation.tick(now: deadline - .milliseconds(1)).isEmpty)
        #expect(said(conversation.tick(now: deadline)).map(\.text) == ["a"])
        #expect(said(conversation.heard(part(0x62), by: ann, now: deadline)).map(\.text) == ["b"])
    }

    @Test("come before the news that their speaker left")
    mutating func gone() throws {
        _ = conversation.heard(part(0x61), by: ann, now: .zero)
        let events = conversation.update(Presence(attachment: ann, state: .gone))
        #expect(said(events).map(\.text) == ["a"])
        guard case .person(_, .left) = try #require(events.last) else {
            Issue.record("the words come last")
            return
        }
        #expect(conversation.deadline == nil)
    }

    @Test("are held within bounds")
    mutating func bounds() {
        var shown = 0
        for number in 0..<UInt128(EarlyWords.maximumParts + 1) {
            shown +=
                said(conversation.heard(part(number & 0x7f | number << 8), by: ann, now: .zero))
                .count
        }
        #expect(shown == EarlyWords.maximumParts + 1)
        #expect(conversation.deadline == nil)
    }
}
