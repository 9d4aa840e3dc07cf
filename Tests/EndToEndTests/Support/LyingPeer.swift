import Crypto
import SealedFile
import Transport
import Wire

@testable import Client

/// A member of a room who speaks the protocol well and says in it what no honest client would.
/// Only its words are its own: session, group and sealed streams are the program's.
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
        let agreement = Curve25519.KeyAgreement.PrivateKey()
        let offers = lies.map { lie in
            Content.FileOffer(
                file: .random(), name: lie.name, size: lie.declaredSize,
                key: SymmetricKey(size: .bits256),
                agreement: Array(agreement.publicKey.rawRepresentation))
        }
        let mouth = Mouth(link.secret, identity, name: name)
        try await connector.withLink { frames in
            try await frames.send(await mouth.connected(to: frames.serverKey))
            for offer in offers { try await frames.send(await mouth.say(.offer(offer))) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await body() }
                group.addTask {
                    try await serve(Array(zip(offers, lies)), agreement, frames, mouth)
                }
                group.addTask {
                    while !Task.isCancelled {
                        try await Task.sleep(for: .milliseconds(20))
                        try await frames.send(await mouth.tick())
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// The program's own session, and what it wants to have sent.
    private actor Mouth {
        private var session: RoomSession
        private let start = ContinuousClock.now

        init(_ secret: RoomSecret, _ identity: Identity, name: String) {
            let setting = GroupSetting(
                secret: secret, identity: identity, name: Array(name.utf8),
                wallClock: WallClock.system.now,
                random: SystemRandomNumberGenerator())
            session = RoomSession(
                access: secret.accessKey, agent: "liar", group: ChatClient.group(setting))
        }

        private var now: Duration { start.duration(to: .now) }

        func connected(to server: ServerKeyHash) -> [ClientFrame] {
            session.start(now: now)
            session.connected(to: server, now: now)
            return take().frames
        }

        func say(_ content: Content) -> [ClientFrame] {
            session.enqueue(.content(content.encoded), now: now)
            return take().frames
        }

        func tick() -> [ClientFrame] {
            session.tick(now: now)
            return take().frames
        }

        /// What is to be sent, and the takes of our files.
        func received(_ frames: [ServerFrame]) -> (frames: [ClientFrame], takes: [Content.Take]) {
            session.received(frames, now: now)
            return take()
        }

        private func take() -> (frames: [ClientFrame], takes: [Content.Take]) {
            var result: (frames: [ClientFrame], takes: [Content.Take]) = ([], [])
            for action in session.takeActions() {
                switch action {
                case .send(let frame): result.frames.append(frame)
                case .news(.content(_, let bytes, _)):
                    guard case .take(let take)? = try? Content.decode(bytes),
                        take.sender == session.place?.attachment
                    else { continue }
                    result.takes.append(take)
                default: break
                }
            }
            return result
        }
    }

    /// Streams to whoever takes, one after the other, and says the digest of what was streamed.
    private func serve(
        _ offers: [(Content.FileOffer, Lie)],
        _ agreement: Curve25519.KeyAgreement.PrivateKey, _ frames: any FrameLink, _ mouth: Mouth
    ) async throws {
        while let received = try await frames.receive() {
            let (answers, takes) = await mouth.received(received)
            try await frames.send(answers)
            for take in takes {
                guard let (offer, lie) = offers.first(where: { $0.0.file == take.file }) else {
                    continue
                }
                let secret = try StreamSecret(giving: offer, with: agreement, to: take)
                try? await stream(lie, of: offer, to: take, secret)
                let digest = Content.FileDigest(
                    file: take.file, token: secret.token,
                    sha256: Array(SHA256.hash(data: lie.content)))
                try await frames.send(await mouth.say(.digest(digest)))
            }
        }
    }

    private func stream(
        _ lie: Lie, of offer: Content.FileOffer, to take: Content.Take, _ secret: StreamSecret
    ) async throws {
        try await connector.withTransfer(
            token: secret.token, access: link.secret.accessKey
        ) { bytes in
            var sealer = FileSealer(
                SealedFile.Parameters(
                    key: secret.key, fileID: offer.file.bytes, firstChunk: take.firstChunk))
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
