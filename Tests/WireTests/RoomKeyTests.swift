import Crypto
import TLSSyntax
import Testing

@testable import Wire

/// The vectors were made by other programs (Python's hmac, OpenSSL's Ed25519): if one of them
/// changes, old links no longer open their rooms.
@Suite("Keys of a room")
struct RoomKeyTests {
    static let secret = RoomSecret(bytes: (0..<16).map { UInt8($0) })
    static let room = "7c6b4fbe08523b9beb653ad76989af4f953904b663007c5041a57f106ee9c062"

    @Test("a secret gives the same room for ever")
    func roomID() {
        #expect(hex(Self.secret.accessKey.room.tlsEncoded) == Self.room)
        #expect(Self.secret.accessKey.room.shortDescription == "7c6b4fbe")
    }

    @Test("a secret gives the same admission key for ever")
    func admissionKey() {
        let bytes = Self.secret.admissionKey.withUnsafeBytes { Array($0) }
        #expect(hex(bytes) == "23b85eea52d2fd24c5c12c2d6e82f07396af1811143c1939f97fee1a6905845c")
    }

    @Test("two purposes, or two secrets, have two keys")
    func distinctKeys() {
        let other = RoomSecret(bytes: (1..<17).map { UInt8($0) })
        #expect(Self.secret.deriveKey("a") != Self.secret.deriveKey("b"))
        #expect(Self.secret.deriveKey("a") != other.deriveKey("a"))
        #expect(Self.secret.accessKey.room != other.accessKey.room)
        #expect(RoomSecret() != RoomSecret())
    }

    @Test("the short name of a room has eight digits, zeros in front too")
    func shortDescription() {
        let room = RoomID(bytes: [0, 0, 0x0a, 0xbc] + [UInt8](repeating: 0xff, count: 28))
        #expect(room.shortDescription == "00000abc")
    }
}

@Suite("Proofs for a room")
struct RoomProofTests {
    private let key = RoomKeyTests.secret.accessKey
    private let challenge = Challenge()
    private let server = ServerKeyHash(ofPublicKey: Array("server key".utf8))
    private let token = TransferToken(number: 5)

    @Test("a proof holds for what it was made for")
    func validProofs() throws {
        for purpose in [RoomProof.Purpose.attach, .transfer(token)] {
            let proof = try key.prove(purpose, challenge: challenge, server: server)
            #expect(proof.isValid(for: purpose, challenge: challenge, server: server))
            #expect(proof.room == key.room)
        }
    }

    @Test(
        "a key of small order, under which anybody can sign, proves nothing",
        arguments: SmallOrderPoints.encodings)
    func smallOrder(publicKey: [UInt8]) {
        // R is the neutral point and S is 0: it holds for at least one statement of eight.
        let signature = [1] + [UInt8](repeating: 0, count: 63)
        let proof = RoomProof(publicKey: publicKey, signature: signature)
        for _ in 0..<200 {
            #expect(!proof.isValid(for: .attach, challenge: Challenge(), server: server))
        }
    }

    @Test("every encoding of a point of small order is known")
    func smallOrderEncodings() {
        #expect(Set(SmallOrderPoints.encodings).count == 14)
        #expect(SmallOrderPoints.encodings.allSatisfy { $0.count == 32 })
    }

    @Test("a proof for one purpose is worth nothing for another")
    func purposeIsBound() throws {
        let purposes = [
            RoomProof.Purpose.attach, .transfer(token), .transfer(TransferToken(number: 6)),
        ]
        for made in purposes {
            let proof = try key.prove(made, challenge: challenge, server: server)
            for other in purposes where other != made {
                #expect(!proof.isValid(for: other, challenge: challenge, server: server))
            }
        }
    }

    @Test("a proof for one connection is worth nothing on the next")
    func challengeIsBound() throws {
        let proof = try key.prove(.attach, challenge: challenge, server: server)
        #expect(!proof.isValid(for: .attach, challenge: Challenge(), server: server))
    }

    @Test("a proof for one server is worth nothing at another")
    func serverIsBound() throws {
        let proof = try key.prove(.attach, challenge: challenge, server: server)
        let other = ServerKeyHash(ofPublicKey: Array("server kez".utf8))
        #expect(!proof.isValid(for: .attach, challenge: challenge, server: other))
    }

    @Test("a proof cannot be shown for another room")
    func roomIsBound() throws {
        var proof = try key.prove(.attach, challenge: challenge, server: server)
        let other = RoomSecret().accessKey
        proof.publicKey =
            try other.prove(.attach, challenge: challenge, server: server).publicKey
        #expect(proof.room == other.room)
        #expect(!proof.isValid(for: .attach, challenge: challenge, server: server))
    }

    @Test("a proof with any bit of its signature or key changed does not hold")
    func everyBitCounts() throws {
        let proof = try key.prove(.attach, challenge: challenge, server: server)
        for index in proof.signature.indices {
            var forged = proof
            forged.signature[index] ^= 1 << (index % 8)
            #expect(!forged.isValid(for: .attach, challenge: challenge, server: server))
        }
        for index in proof.publicKey.indices {
            var forged = proof
            forged.publicKey[index] ^= 1 << (index % 8)
            #expect(!forged.isValid(for: .attach, challenge: challenge, server: server))
        }
    }

    /// Made by OpenSSL over the statement as docs/protocol.md has it: a second program can come in.
    @Test("a proof made by another program holds")
    func foreignProof() throws {
        let signature = """
            125e6e096b4eb1609486301521735398c08d81262acdf142a0a384d78ba05991\
            0f96d1cd00eba5095f3b59152360b542410d46ca8f654db6f184ac76dbf9aa0b
            """
        let publicKey = "857e0e483b78a3215da5fb64766cf0d46d7529675d817170c3720af75e94ab4d"
        let proof = RoomProof(publicKey: unhex(publicKey), signature: unhex(signature))
        let counting = try Challenge(tlsEncoded: (0..<32).map { UInt8($0) })
        #expect(proof.isValid(for: .attach, challenge: counting, server: server))
        #expect(hex(proof.room.tlsEncoded) == RoomKeyTests.room)
    }

    @Test("challenges differ")
    func challengesDiffer() {
        #expect(Set((0..<1000).map { _ in Challenge() }).count == 1000)
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

func unhex(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
