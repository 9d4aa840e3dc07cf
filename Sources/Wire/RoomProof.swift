import Crypto
package import TLSSyntax

/// What a server gives each connection to sign, so that no proof can be used twice.
package struct Challenge: TLSCodable, Hashable, Sendable {
    /// Bytes of a challenge.
    package static let size = 32
    package let bytes: [UInt8]

    /// A fresh challenge from the system's generator.
    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    package func encode(into writer: inout TLSWriter) { writer.writeFixed(bytes) }

    package init(from reader: inout TLSReader) throws(CodecError) {
        bytes = try reader.readFixed(Self.size)
    }
}

/// SHA-256 of a server's public key, as DER (SubjectPublicKeyInfo).
package struct ServerKeyHash: Hashable, Sendable {
    package let bytes: [UInt8]

    /// - Parameter publicKey: the DER encoding of the key.
    package init(ofPublicKey publicKey: [UInt8]) {
        bytes = Array(SHA256.hash(data: publicKey))
    }

    /// What a link carries of it, and what a first connection checks.
    package var pin: ServerPin { ServerPin(bytes: bytes.prefix(ServerPin.size)) }
}

/// The first 16 bytes of a server's key hash.
package struct ServerPin: Hashable, Sendable {
    /// Bytes of a pin: another key with the same pin costs 2^128 tries.
    package static let size = 16
    package let bytes: [UInt8]

    /// - Precondition: 16 bytes.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == Self.size)
        self.bytes = Array(bytes)
    }
}

/// A room's access key pair: derived from the room secret, so that whoever has the link has it.
package struct AccessKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    init(seed: SymmetricKey) {
        // Every 32 bytes are an Ed25519 seed.
        key = seed.withUnsafeBytes { bytes in
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else {
                preconditionFailure("an Ed25519 seed is any 32 bytes")
            }
            return key
        }
    }

    /// The room that this key opens.
    package var room: RoomID {
        RoomID(bytes: SHA256.hash(data: key.publicKey.rawRepresentation).map { $0 })
    }

    /// Proves to one server, on one connection, for one purpose, that this client has the link.
    package func prove(
        _ purpose: RoomProof.Purpose, challenge: Challenge, server: ServerKeyHash
    ) throws(SigningFailed) -> RoomProof {
        let statement = RoomProof.statement(
            purpose, challenge: challenge, server: server, room: room)
        guard let signature = try? key.signature(for: statement) else { throw SigningFailed() }
        return RoomProof(
            publicKey: Array(key.publicKey.rawRepresentation), signature: Array(signature))
    }
}

/// The machine gave no randomness or no memory to sign with.
package struct SigningFailed: Error {}

/// A signature by a room's access key: the server needs no account and no state to check it.
package struct RoomProof: TLSCodable, Hashable, Sendable {
    /// What a proof is for; one made for the one is worth nothing for the other.
    package enum Purpose: Hashable, Sendable {
        case attach
        case transfer(TransferToken)

        fileprivate var context: String {
            switch self {
            case .attach: "chatbox/1 attach"
            case .transfer: "chatbox/1 transfer"
            }
        }
    }

    /// The room's access key, 32 bytes; its hash is the room id.
    package var publicKey: [UInt8]
    /// Ed25519, 64 bytes.
    package var signature: [UInt8]

    /// The room that the proof speaks of.
    package var room: RoomID {
        RoomID(bytes: SHA256.hash(data: publicKey).map { $0 })
    }

    /// True when whoever made this has the room's access key and made it for this very purpose,
    /// connection and server.
    package func isValid(
        for purpose: Purpose, challenge: Challenge, server: ServerKeyHash
    ) -> Bool {
        guard !SmallOrderPoints.contain(publicKey),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        else { return false }
        let statement = Self.statement(purpose, challenge: challenge, server: server, room: room)
        return key.isValidSignature(signature, for: statement)
    }

    /// What is signed: context, challenge, server key, room, and for a transfer its token.
    fileprivate static func statement(
        _ purpose: Purpose, challenge: Challenge, server: ServerKeyHash, room: RoomID
    ) -> [UInt8] {
        var writer = TLSWriter()
        writer.writeOpaque(purpose.context.utf8)
        writer.write(challenge)
        writer.writeFixed(server.bytes)
        writer.write(room)
        if case .transfer(let token) = purpose { writer.write(token) }
        return writer.bytes
    }

    package func encode(into writer: inout TLSWriter) {
        writer.writeFixed(publicKey)
        writer.writeFixed(signature)
    }
}

extension RoomProof {
    package init(from reader: inout TLSReader) throws(CodecError) {
        publicKey = try reader.readFixed(32)
        signature = try reader.readFixed(64)
    }
}
