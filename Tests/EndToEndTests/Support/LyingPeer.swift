import Crypto
import SealedFile
import TLSSyntax
import Transport
import Wire

@testable import Client

/// A member of a room who speaks the protocol well and says in it what no honest client would.
/// Only its words are its own: frames, cipher and sealed streams are the program's.
struct LyingPeer: Sendable {
    let link: Link
    private let identity = Identity()

    init(_ link: World.RoomLink) throws {
        self.link = try Link(parsing: link.text)
    }

    private var connector: ClientConnector {
        get throws {
            try ClientConnector(address: link.address, trust: link.trust, agent: "liar")
        }
    }

    /// A file that does not exist, and what is said of it.
    struct Lie: Sendable {
        var name: [UInt8]
        /// What the offer says.
        var declaredSize: UInt64
        var content: [UInt8]

        init(name: [UInt8], declaredSize: UInt64? = nil, content: [UInt8]) {
            self.name = name
            self.declaredSize = declaredSize ?? UInt64(content.count)
            self.content = content
        }
    }

    /// Enters the room under a name, offers every lie, and serves whoever takes one, until `body`
    /// is done.
    func offer(
        _ lies: [Lie], as name: String, while body: @Sendable @escaping () async throws -> Void
    ) async throws {
        try await connector.withLink { frames in
            var cipher = SharedSecretCipher(secret: link.secret)
            try await frames.send([.hello(.init(agent: Array("liar".utf8)))])
            var attached: ServerFrame.Attached?
            while attached == nil {
                for frame in try await frames.receive() ?? [] {
                    switch frame {
                    case .challenge(let hello):
                        let proof = try link.secret.accessKey.prove(
                            .attach, challenge: hello.challenge, server: frames.serverKey)
                        try await frames.send([.attach(.init(proof: proof))])
                    case .attached(let found): attached = found
                    case .goodbye(let reason): throw Unmet("the liar is not let in: \(reason)")
                    default: break
                    }
                }
            }
            guard let attached,
                let profile = identity.announce(
                    name: name, attachment: attached.attachment, room: link.secret.accessKey.room)
            else { return }
            _ = cipher.attached(attached, profile: profile)
            let offers = lies.map { lie in
                Content.FileOffer(
                    file: .random(), name: lie.name, size: lie.declaredSize,
                    key: SymmetricKey(size: .bits256))
            }
            for content in [.announce(profile)] + offers.map(Content.offer) {
                try await frames.send([Self.append(content, &cipher)])
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await body() }
                group.addTask { [cipher] in
                    try await serve(
                        Array(zip(offers, lies)), as: attached.attachment, frames, cipher)
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func append(
        _ content: Content, _ cipher: inout SharedSecretCipher
    ) throws -> ClientFrame {
        .append(.init(id: .random(), kind: .message, payload: try cipher.seal(content.encoded)))
    }

    /// Streams to whoever takes, one after the other, and says the digest of what was streamed.
    private func serve(
        _ offers: [(Content.FileOffer, Lie)], as me: AttachmentID, _ frames: any FrameLink,
        _ cipher: SharedSecretCipher
    ) async throws {
        var cipher = cipher
        while let received = try await frames.receive() {
            for case .entry(let entry) in received {
                guard let bytes = try? cipher.open(entry).content,
                    case .take(let take)? = try? Content.decode(bytes), take.sender == me,
                    let (offer, lie) = offers.first(where: { $0.0.file == take.file })
                else { continue }
                try? await stream(lie, of: offer, to: take)
                let digest = Content.FileDigest(
                    file: take.file, token: take.token,
                    sha256: Array(SHA256.hash(data: lie.content)))
                try await frames.send([Self.append(.digest(digest), &cipher)])
            }
        }
    }

    private func stream(
        _ lie: Lie, of offer: Content.FileOffer, to take: Content.Take
    ) async throws {
        try await connector.withTransfer(
            token: take.token, access: link.secret.accessKey
        ) { bytes in
            var sealer = FileSealer(
                SealedFile.Parameters(
                    key: offer.key, fileID: offer.file.bytes, firstChunk: take.firstChunk))
            try await bytes.send(sealer.header)
            var rest = lie.content[...]
            repeat {
                let chunk = Array(rest.prefix(SealedFile.chunkSize))
                rest = rest.dropFirst(chunk.count)
                try await bytes.send(try sealer.seal(chunk, isLast: rest.isEmpty))
            } while !rest.isEmpty
            // An honest stream is acknowledged; after another one there is nothing to wait for.
            if lie.declaredSize == lie.content.count { _ = try await bytes.receive() }
        }
    }
}
