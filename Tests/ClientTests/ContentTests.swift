import Crypto
import TLSSyntax
import Testing
import Wire

@testable import Client

@Suite("What members say")
struct ContentTests {
    private let file = FileID(number: 1 << 100)

    private func samples() throws -> [Content] {
        let key = SymmetricKey(data: Array(repeating: UInt8(1), count: 32))
        let agreement = Array(repeating: UInt8(4), count: 32)
        let message = MessageID(number: 5)
        return [
            .text(Content.TextPart(message: message, index: 1, count: 2, bytes: [1, 2])),
            .text(
                Content.TextPart(message: message, index: 0, count: 1, style: .action, bytes: [])),
            .offer(
                Content.FileOffer(
                    file: file, name: Array("a/b".utf8), size: 1 << 60, key: key,
                    agreement: agreement,
                    recipient: AttachmentID(4))),
            .offer(
                Content.FileOffer(
                    file: file, name: [], size: 0, key: key, agreement: agreement, recipient: nil)),
            .take(
                Content.Take(
                    file: file, sender: AttachmentID(1), agreement: agreement,
                    firstChunk: 9)),
            .decline(file: file, sender: AttachmentID(1)),
            .withdraw(file: file, reason: .changed),
            .cancel(file: file, peer: AttachmentID(1), reason: .damaged),
            .digest(
                Content.FileDigest(
                    file: file, token: TransferToken(number: 2),
                    sha256: Array(repeating: 3, count: 32))),
            .received(file: file, sender: AttachmentID(1)), .bye, .closes,
            .broken(file: file, token: TransferToken(number: 2)),
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

    @Test("a name is cut between scalars to what may be announced")
    func fitting() {
        #expect(PersonName.fitting("") == "?")
        #expect(PersonName.fitting("Ann") == "Ann")
        let long = PersonName.fitting(String(repeating: "ä", count: 50) + "x")
        #expect(long == String(repeating: "ä", count: 32))
        let odd = PersonName.fitting("x" + String(repeating: "🦆", count: 50))
        #expect(odd.utf8.count == 61)
    }

    @Test("a name is chosen only as others will see it")
    func choosing() {
        for (name, error) in [
            ("", .invisible), ("\u{2800}\u{200B}", .invisible), ("a\nb", .control),
            ("a\u{2028}b", .control), ("a\tb", .control), ("\u{1B}[2Jann", .control),
            (String(repeating: "x", count: 65), .tooLong),
            (String(repeating: "ä", count: 33), .tooLong),
        ] as [(String, NameError)] {
            #expect(throws: error) { try PersonName.check(name) }
        }
        for name in ["Ann", "Zoë B", String(repeating: "x", count: 64), "👩\u{200D}💻"] {
            #expect(throws: Never.self) { try PersonName.check(name) }
        }
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
        var conversation = Conversation(
            me: Person(attachment: AttachmentID(9), name: "me", keyTag: ""))
        let part = part(1, 0, of: 1, [0x61, 0xff, 0x62])
        let events = conversation.heard(part, by: ann)
        guard case .message(let message) = try #require(events.first) else { return }
        #expect(message.text == "a\u{fffd}b")
        #expect(conversation.heard(part, by: AttachmentID(5)).isEmpty)
        // Another text under the same id is another message: nobody can use up another's id.
        #expect(conversation.heard(self.part(1, 0, of: 1, [0x63]), by: ann).count == 1)
    }
}
