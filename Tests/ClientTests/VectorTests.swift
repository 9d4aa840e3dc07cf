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
        let key = hexadecimal("94aebdfdb97b4277fdaa1cdf9d36fe22f4e1e28f84d94cf19738296a0e126daa")
        #expect(secret.deriveKey("sealed entries").withUnsafeBytes { Array($0) } == key)
    }

    @Test func `an entry is sealed so`() throws {
        let sealed = hexadecimal(
            """
            000102030405060708090a0b37bbcfc0dcc80621e0778285c9c5871e6a62e16ef0d6a733dd536f8b\
            aa5370c55aee0252d66846eecffe50eeb7
            """)
        var cipher = SharedSecretCipher(secret: secret)
        let opened = try cipher.open(
            ServerFrame.Entry(
                sequence: 1, sender: AttachmentID(5), kind: .message, payload: sealed))
        let part = Content.TextPart(
            message: MessageID(number: 7), index: 0, count: 1, bytes: Array("hi".utf8))
        #expect(opened.content == Content.text(part).encoded)
        #expect(throws: CipherError.notAuthentic) {
            try cipher.open(
                ServerFrame.Entry(
                    sequence: 1, sender: AttachmentID(6), kind: .message, payload: sealed))
        }
    }

    @Test func `a file is streamed so`() throws {
        let stream = hexadecimal(
            """
            606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f\
            0125c981d12690816ca4961b35612dff150f
            """)
        let parameters = SealedFile.Parameters(
            key: SymmetricKey(data: Array(0..<32 as Range<UInt8>)), fileID: Array(0x40..<0x50))
        var opener = FileOpener(parameters, size: 2)
        #expect(try opener.open(stream) == Array("hi".utf8))
        try opener.finish()
    }
}
