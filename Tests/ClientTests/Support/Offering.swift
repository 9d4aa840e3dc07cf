import Crypto
import Wire

@testable import Client

/// An offer, and what only the one who made it knows.
struct Offering: Sendable {
    var offer: Content.FileOffer
    let agreement = Curve25519.KeyAgreement.PrivateKey()

    init(
        _ file: UInt128, name: String = "file", size: UInt64 = 1, to recipient: AttachmentID? = nil
    ) {
        offer = Content.FileOffer(
            file: FileID(number: file), name: Array(name.utf8), size: size,
            key: SymmetricKey(size: .bits256),
            agreement: Array(agreement.publicKey.rawRepresentation), recipient: recipient)
    }

    /// What the one who takes it, and the one who made it, come to.
    func secret(_ taking: Taking) throws -> StreamSecret {
        try StreamSecret(giving: offer, with: agreement, to: taking.take)
    }
}

/// A take, and what only the one who takes knows.
struct Taking: Sendable {
    var take: Content.Take
    let agreement = Curve25519.KeyAgreement.PrivateKey()

    init(_ file: FileID, of sender: AttachmentID, from chunk: UInt64 = 0) {
        take = Content.Take(
            file: file, sender: sender, agreement: Array(agreement.publicKey.rawRepresentation),
            firstChunk: chunk)
    }

    func secret(_ offer: Content.FileOffer) throws -> StreamSecret {
        try StreamSecret(taking: offer, with: agreement)
    }
}
