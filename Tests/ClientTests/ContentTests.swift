import Crypto
import TLSSyntax
import Testing
import Wire

@testable import Client

@Suite("What members say")
struct ContentTests {
    private let file = FileID(number: 1 << 100)
    private let room = RoomSecret().accessKey.room

    private func samples() throws -> [Content] {
        let announcement = try #require(
            Identity().announce(name: "Ännchen", attachment: AttachmentID(3), room: room))
        let key = SymmetricKey(data: Array(repeating: UInt8(1), count: 32))
        let message = MessageID(number: 5)
        return [
            .announce(announcement),
            .text(Content.TextPart(message: message, index: 1, count: 2, bytes: [1, 2])),
            .offer(
                Content.FileOffer(
                    file: file, name: Array("a/b".utf8), size: 1 << 60, key: key,
                    recipient: AttachmentID(4))),
            .offer(Content.FileOffer(file: file, name: [], size: 0, key: key, recipient: nil)),
            .take(
                Content.Take(
                    file: file, sender: AttachmentID(1), token: TransferToken(number: 2),
                    firstChunk: 9)),
            .decline(file: file, sender: AttachmentID(1)),
            .withdraw(file: file, reason: .changed),
            .cancel(file: file, peer: AttachmentID(1), reason: .damaged),
            .digest(
                Content.FileDigest(
                    file: file, token: TransferToken(number: 2),
                    sha256: Array(repeating: 3, count: 32))),
            .received(file: file, sender: AttachmentID(1)), .bye,
        ]
    }

    @Test("comes out of its encoding as it went in")
    func roundTrip() throws {
        for content in try samples() { #expect(try Content.decode(content.encoded) == content) }
    }

    @Test("is refused when it is cut off anywhere, or goes on")
    func truncation() throws {
        for content in try samples() {
            let bytes = content.encoded
            for count in 0..<bytes.count {
                #expect(throws: CodecError.self) { try Content.decode(Array(bytes[..<count])) }
            }
            #expect(throws: CodecError.trailingBytes) { try Content.decode(bytes + [0]) }
        }
    }

    @Test("is passed over when it came after this version")
    func later() throws {
        #expect(try Content.decode([1, 200, 1, 2, 3]) == nil)
        #expect(try Content.decode([2, 1]) == nil)
    }

    @Test("never crashes a decoder")
    func random() throws {
        var random = SeededGenerator(4)
        let samples = try samples().map(\.encoded)
        for _ in 0..<20_000 {
            var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: .min ... .max, using: &random)
            }
            // Whatever comes of it comes again from its encoding.
            guard let content = try? Content.decode(bytes) else { continue }
            #expect(try Content.decode(content.encoded) == content)
        }
    }

    @Test("names of 1 to 64 bytes of UTF-8 are taken, and no others")
    func names() throws {
        func decode(_ name: [UInt8]) throws -> Content? {
            let announcement = Announcement(
                attachment: AttachmentID(1), name: name,
                publicKey: Array(repeating: 0, count: 32),
                signature: Array(repeating: 0, count: 64))
            return try Content.decode(Content.announce(announcement).encoded)
        }
        #expect(try decode(Array(repeating: 0x61, count: 64)) != nil)
        #expect(throws: CodecError.self) { try decode(Array(repeating: 0x61, count: 65)) }
        #expect(throws: CodecError.self) { try decode([]) }
        #expect(throws: CodecError.self) { try decode([0xff]) }
    }

    @Test("a name is cut between scalars to what may be announced")
    func fitting() {
        #expect(Announcement.fitting(name: "") == "?")
        #expect(Announcement.fitting(name: "Ann") == "Ann")
        let long = Announcement.fitting(name: String(repeating: "ä", count: 50) + "x")
        #expect(long == String(repeating: "ä", count: 32))
        let odd = Announcement.fitting(name: "x" + String(repeating: "🦆", count: 50))
        #expect(odd.utf8.count == 61)
    }

    @Test("an announcement holds for its name, attachment, key and room alone")
    func signatures() throws {
        let identity = Identity()
        let good = try #require(
            identity.announce(name: "Ann", attachment: AttachmentID(1), room: room))
        #expect(good.isValid(in: room))
        #expect(!good.isValid(in: RoomSecret().accessKey.room))
        let lies = [
            Announcement(
                attachment: AttachmentID(2), name: good.name, publicKey: good.publicKey,
                signature: good.signature),
            Announcement(
                attachment: good.attachment, name: Array("Bob".utf8), publicKey: good.publicKey,
                signature: good.signature),
            Announcement(
                attachment: good.attachment, name: good.name, publicKey: Identity().publicKey,
                signature: good.signature),
        ]
        for lie in lies { #expect(!lie.isValid(in: room)) }
        #expect(identity.keyTag.utf8.count == 8)
    }
}

@Suite("Parts of messages")
struct JoinerTests {
    private let ann = AttachmentID(1)

    private func part(
        _ id: UInt128, _ index: UInt32, of count: UInt32, _ bytes: [UInt8] = [1]
    ) -> Content.TextPart {
        Content.TextPart(message: MessageID(number: id), index: index, count: count, bytes: bytes)
    }

    @Test("are joined in any order, and a repeat changes nothing")
    func joins() {
        var joiner = MessageJoiner()
        #expect(joiner.add(part(1, 2, of: 3, [3]), from: ann) == nil)
        #expect(joiner.add(part(1, 0, of: 3, [1]), from: ann) == nil)
        #expect(joiner.add(part(1, 0, of: 3, [1]), from: ann) == nil)
        #expect(joiner.add(part(1, 1, of: 3, [2]), from: ann) == [1, 2, 3])
        #expect(joiner.halfCount == 0 && joiner.bytesHeld == 0)
    }

    @Test("of one message from two people are two messages")
    func senders() {
        var joiner = MessageJoiner()
        #expect(joiner.add(part(1, 0, of: 2), from: ann) == nil)
        #expect(joiner.add(part(1, 1, of: 2), from: AttachmentID(2)) == nil)
        #expect(joiner.halfCount == 2)
    }

    @Test("that contradict each other, or are too many, are dropped")
    func contradictions() {
        var joiner = MessageJoiner()
        #expect(joiner.add(part(1, 0, of: 2), from: ann) == nil)
        #expect(joiner.add(part(1, 1, of: 3), from: ann) == nil)
        #expect(joiner.add(part(2, 0, of: .max), from: ann) == nil)
        #expect(joiner.halfCount == 0 && joiner.bytesHeld == 0)
    }

    @Test("fill no memory, whoever sends them")
    func bounds() {
        var joiner = MessageJoiner()
        let big = [UInt8](repeating: 0, count: 60_000)
        for sender in 0..<1500 {
            for message in 0..<5 {
                let part = part(UInt128(message), 0, of: 1000, big)
                #expect(joiner.add(part, from: AttachmentID(UInt64(sender))) == nil)
            }
        }
        #expect(joiner.bytesHeld <= MessageJoiner.maximumBytes)
        #expect(joiner.halfCount <= MessageJoiner.maximumHalves)
        // One message beyond 16 MiB.
        var one = MessageJoiner()
        for index in 0..<UInt32(1000) { _ = one.add(part(1, index, of: 1000, big), from: ann) }
        #expect(one.bytesHeld <= MessageJoiner.maximumMessage)
    }

    @Test("of somebody who is gone are forgotten")
    func gone() {
        var joiner = MessageJoiner()
        _ = joiner.add(part(1, 0, of: 2), from: ann)
        joiner.drop(sender: ann)
        #expect(joiner.halfCount == 0 && joiner.bytesHeld == 0)
    }

    @Test("text that is not UTF-8 is shown with replacement characters, and once")
    func invalidText() throws {
        let room = RoomSecret().accessKey.room
        let me = Person(attachment: AttachmentID(9), name: "me", keyTag: "")
        var conversation = Conversation(room: room, me: me)
        let part = part(1, 0, of: 1, [0x61, 0xff, 0x62])
        let events = conversation.said(part, by: ann)
        guard case .message(let message) = try #require(events.first) else { return }
        #expect(message.text == "a\u{fffd}b")
        #expect(conversation.said(part, by: AttachmentID(5)).isEmpty)
        // Another text under the same id is another message: nobody can use up another's id.
        #expect(conversation.said(self.part(1, 0, of: 1, [0x63]), by: ann).count == 1)
    }

    @Test("a later name under another key for the same attachment is refused")
    func impostor() throws {
        let room = RoomSecret().accessKey.room
        let me = Person(attachment: AttachmentID(9), name: "me", keyTag: "")
        var conversation = Conversation(room: room, me: me)
        _ = conversation.update(Presence(attachment: ann, state: .here))
        let real = try #require(Identity().announce(name: "Ann", attachment: ann, room: room))
        let fake = try #require(Identity().announce(name: "Eve", attachment: ann, room: room))
        #expect(conversation.learn([real]).count == 1)
        #expect(conversation.learn([fake]).isEmpty)
        #expect(conversation.people.person(ann).name == "Ann")
        _ = conversation.update(Presence(attachment: ann, state: .gone))
        #expect(conversation.learn([fake]).isEmpty)
        #expect(conversation.people.person(ann).name == "Ann")
    }
}
