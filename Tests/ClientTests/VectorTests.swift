import Crypto
import SealedFile
import Testing
import Wire

@testable import Client

/// The examples of docs/protocol.md, which were computed by another program.
@Suite("The examples of the protocol")
struct VectorTests {
    private let secret = RoomSecret(bytes: 0x10..<0x20)

    private func hexadecimal(_ text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    @Test func `links are written so`() {
        let address = ServerAddress(host: "example.org")
        let pinned = Link(
            address: address, trust: .pin(ServerPin(bytes: 0..<16)), secret: secret)
        #expect(
            pinned.text
                == "chatbox://example.org/#AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
        let named = Link(address: address, trust: .publicAuthority, secret: secret)
        #expect(named.text == "chatbox://example.org/#AhAREhMUFRYXGBkaGxwdHh8")
        let chosen = Link(
            address: address, trust: pinned.trust, secret: secret,
            options: RoomOptions(suite: 1, needsApproval: true))
        #expect(
            chosen.text
                == "chatbox://example.org/#AwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fEQ")
        let asked = Link(
            address: address, trust: .publicAuthority, secret: secret,
            options: RoomOptions(needsApproval: true))
        #expect(asked.text == "chatbox://example.org/#BBAREhMUFRYXGBkaGxwdHh8Q")
    }

    @Test func `room and keys come from the secret so`() {
        let room = hexadecimal("18b33a5822b8f9b422a685698983b00cc353351ffea428e655af6e28445b2a8b")
        #expect(secret.accessKey.room == RoomID(bytes: room))
    }

    @Test func `a message is encoded so`() {
        let part = Content.TextPart(
            message: MessageID(number: 7), index: 0, count: 1, bytes: Array("hi".utf8))
        let bytes = hexadecimal(
            "0102 00000000000000000000000000000007 00000000 00000001 00 02 6869")
        #expect(Content.text(part).encoded == bytes)
    }

    @Test func `the log is hashed so`() throws {
        var record = LogRecord(groupID: Array(0..<16))
        func entry(_ sequence: UInt64, _ kind: EntryKind) -> LogEntry {
            LogEntry(
                sequence: sequence, sender: AttachmentID(7), kind: kind, payload: Array("hi".utf8),
                isOwn: false)
        }
        record.append(entry(5, .commit))
        let whole = "6ef10170b9eee91da03b0e7b4f4035822077cfcddfd4044f0a70920206af2145"
        #expect(record.claim?.hash == hexadecimal(whole))
        record.lose()
        record.append(entry(9, .message))
        let part = "6f44f65c875aaf593448ca84608e9cdfbb0f16818d69536769e27bca71ca0db1"
        let envelope = Envelope(claim: record.claim, body: .receipt)
        let bytes = "0101 0000000000000009 \(part) 01 0000000000000009 0000000000000009 02"
        #expect(envelope.encoded == hexadecimal(bytes))
    }

    @Test func `remarks are written so`() throws {
        let remarks = Envelope.Remarks(repeated: [5], unread: [9, 10])
        let envelope = Envelope(claim: nil, remarks: remarks, body: .receipt)
        let bytes = hexadecimal(
            "0100 08 08 0000000000000005 10 0000000000000009 000000000000000a 02")
        #expect(envelope.encoded == bytes)
        #expect(try Envelope(bytes) == envelope)
        // Remarks have no remarks.
        #expect(try Envelope(hexadecimal("0100 08 00 00 08 00 00 02")) == nil)
    }

    @Test func `a file is streamed so`() throws {
        typealias PrivateKey = Curve25519.KeyAgreement.PrivateKey
        let offering = try PrivateKey(rawRepresentation: Array(0x80..<0xa0))
        let taking = try PrivateKey(rawRepresentation: Array(0xa0..<0xc0))
        let offer = Content.FileOffer(
            file: FileID(number: 0x4041_4243_4445_4647_4849_4a4b_4c4d_4e4f), name: [], size: 2,
            key: SymmetricKey(data: Array(0..<32 as Range<UInt8>)),
            agreement: Array(offering.publicKey.rawRepresentation), recipient: nil)
        let take = Content.Take(
            file: offer.file, sender: AttachmentID(1),
            agreement: Array(taking.publicKey.rawRepresentation), firstChunk: 0)
        for secret in [
            try StreamSecret(taking: offer, with: taking),
            try StreamSecret(giving: offer, with: offering, to: take),
        ] {
            #expect(secret.token.bytes == hexadecimal("ec81f06d7b327822f1c1445848829e34"))
            var opener = FileOpener(
                SealedFile.Parameters(key: secret.key, fileID: offer.file.bytes), size: 2)
            let stream = hexadecimal(
                """
                606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f\
                9f051736d4cdce4cffeb5ff7e94dd418be70
                """)
            #expect(try opener.open(stream) == Array("hi".utf8))
            try opener.finish()
        }
    }
}
