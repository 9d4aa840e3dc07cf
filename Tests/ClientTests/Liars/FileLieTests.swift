import SealedFile
import TestSupport
import Testing
import Wire

@testable import Client

/// What stands on people's screens, and what is in their folders, when the server or a member lies
/// about files.
@Suite("On screen, a lie about a file", .oneAtATime, .timeLimit(.minutes(1)))
struct FileLieTests {
    private let small = randomBytes(1000, seed: 1)
    private let other = randomBytes(1000, seed: 2)
    /// Of several chunks.
    private let large = randomBytes(4 * SealedFile.chunkSize + 5, seed: 3)

    private static let tampered =
        "what came was tampered with or damaged on the way; accept it again to try once more"

    private func room() throws -> (Scene, ann: Player, bob: Player, cleo: Player) {
        let scene = try Scene("ann", "bob", "cleo", hasFolders: true)
        return (scene, try scene["ann"], try scene["bob"], try scene["cleo"])
    }

    /// What a receiver sees at the end of a good transfer.
    private func here(_ name: String, from sender: String, _ size: String, _ bytes: [UInt8])
        -> String
    {
        "-- \(name) from \(sender) is here, \(size): folder/\(name), SHA-256 \(sha256(bytes))"
    }

    // MARK: The server

    @Test("by the server, which splices two transfers crosswise")
    func crosswise() throws {
        let (scene, ann, bob, cleo) = try room()
        try ann.offer(small, as: "one")
        try cleo.offer(other, as: "two")
        let (x, y) = (TransferToken.random(), TransferToken.random())
        let bobs = OnStage<[TransferToken]>([])
        scene.splicing { token, name in
            guard name == "bob" else { return name == "ann" ? y : x }
            bobs.value.append(token)
            return bobs.value.count == 1 ? x : y
        }
        _ = bob.news()
        for number in [1, 2] { try bob.accept(number) }
        scene.pass(.seconds(1))
        #expect(bob.news() == ["error: two from cleo failed: \(Self.tampered)"])
        #expect(!bob.folder.has(["one", "two"]))
        scene.beHonest()
        try bob.accept(2)
        scene.pass(.seconds(60))
        // The end whose stream bob refused has said that it broke: the other file began again by itself.
        #expect(
            Set(bob.news()) == [
                here("one", from: "ann", "1.0 kB", small),
                here("two", from: "cleo", "1.0 kB", other),
            ])
        #expect(try bob.folder?.read("one") == small)
        #expect(try bob.folder?.read("two") == other)
        try scene.expectHealed()
    }

    /// What bob was sent, by the token of the stream.
    private typealias Streams = [TransferToken: [UInt8]]

    @Test("by the server, which cuts a stream and goes on with another one's")
    func splicesIn() throws {
        let (scene, ann, bob, cleo) = try room()
        let streams = OnStage<Streams>([:])
        scene.streaming { bytes, token, name in
            if name == "bob" { streams.value[token, default: []] += bytes }
            return bytes
        }
        try cleo.offer(large.reversed(), as: "two")
        try bob.accept(1)
        scene.pass(.seconds(1))
        let stolen = try #require(streams.value.values.first)
        scene.streaming { bytes, token, name in
            guard name == "bob" else { return bytes }
            let start = streams.value[token]?.count ?? 0
            streams.value[token, default: []] += bytes
            return bytes.enumerated().map { index, byte in
                start + index < 150_000 ? byte : stolen[start + index]
            }
        }
        try ann.offer(large, as: "one")
        _ = bob.news()
        try bob.accept(2)
        scene.pass(.seconds(1))
        #expect(bob.news() == ["error: one from ann failed: \(Self.tampered)"])
        #expect(!bob.folder.has(["one"]))
        scene.beHonest()
        try bob.accept(2)
        scene.pass(.seconds(60))
        #expect(bob.news() == [here("one", from: "ann", "262 kB", large)])
        #expect(try bob.folder?.read("one") == large)
        try scene.expectHealed()
    }

    @Test(
        "by the server, which plays an earlier attempt's stream again", arguments: [200, 150_000])
    func replays(spoiltFrom place: Int) throws {
        let (scene, ann, bob, _) = try room()
        try ann.offer(large, as: "one")
        _ = bob.news()
        let first = OnStage<[UInt8]>([])
        scene.streaming { bytes, _, name in
            guard name == "bob" else { return bytes }
            let start = first.value.count
            first.value += bytes
            // Its end is spoilt, so that bob tries again.
            return bytes.enumerated().map { start + $0 < place ? $1 : $1 ^ 1 }
        }
        try bob.accept(1)
        scene.pass(.seconds(1))
        #expect(bob.news() == ["error: one from ann failed: \(Self.tampered)"])
        let played = OnStage(0)
        scene.streaming { bytes, _, name in
            guard name == "bob" else { return bytes }
            defer { played.value += bytes.count }
            return Array(first.value.dropFirst(played.value).prefix(bytes.count))
        }
        try bob.accept(1)
        scene.pass(.seconds(1))
        #expect(bob.news() == ["error: one from ann failed: \(Self.tampered)"])
        #expect(played.value > 0 && !bob.folder.has(["one"]))
        scene.beHonest()
        try bob.accept(1)
        scene.pass(.seconds(60))
        #expect(bob.news() == [here("one", from: "ann", "262 kB", large)])
        #expect(try bob.folder?.read("one") == large)
        try scene.expectHealed()
    }

    @Test("by the server, which cuts a stream and says nothing: it goes on by itself")
    func cuts() throws {
        let (scene, ann, bob, _) = try room()
        try ann.offer(large, as: "one")
        _ = bob.news()
        scene.server.setFaults {
            $0.transferCuts = 2
            $0.piecesBeforeCut = 2...2
        }
        try bob.accept(1)
        scene.pass(.seconds(60))
        #expect(bob.news() == [here("one", from: "ann", "262 kB", large)])
        #expect(try bob.folder?.read("one") == large)
        try scene.expectHealed()
    }

    // MARK: A member

    /// Bob takes a file from ann, who says something else of it than is so.
    private func take(
        _ lie: @escaping (Content) -> Content, as name: String = "file"
    ) throws -> (Scene, bob: Player, news: [String]) {
        let (scene, ann, bob, _) = try room()
        ann.isLiar = true
        ann.group.content = lie
        try ann.offer(small, as: name)
        try bob.accept(1)
        scene.pass(.seconds(60))
        return (scene, bob, bob.news())
    }

    @Test("by a member who offers it as smaller than it is", arguments: [0, 999] as [UInt64])
    func smaller(size: UInt64) throws {
        let (scene, bob, news) = try take { content in
            guard case .offer(var offer) = content else { return content }
            offer.size = size
            return .offer(offer)
        }
        #expect(
            news == [
                "-- ann offers file, \(size) B: /accept 1 or /decline 1",
                "error: file from ann failed: \(Self.tampered)",
            ])
        #expect(!bob.folder.has(["file"]))
        try scene.expectHealed()
    }

    @Test(
        "by a member who offers it as larger than it is: it never ends, until bob has enough of it")
    func larger() throws {
        let (scene, bob, news) = try take { content in
            guard case .offer(var offer) = content else { return content }
            offer.size = 1_000_000
            return .offer(offer)
        }
        #expect(news == ["-- ann offers file, 1.0 MB: /accept 1 or /decline 1"])
        #expect(bob.screen.isReceiving && !bob.folder.has(["file"]))
        try bob.cancel(1)
        scene.pass(.seconds(1))
        #expect(bob.news() == ["-- file from ann was cancelled"] && bob.folder?.names == [])
        try scene.expectHealed()
    }

    @Test("by a member who promises another file than comes")
    func digest() throws {
        let (scene, bob, news) = try take { content in
            guard case .digest(var digest) = content else { return content }
            digest.sha256[0] ^= 1
            return .digest(digest)
        }
        #expect(
            news == [
                "-- ann offers file, 1.0 kB: /accept 1 or /decline 1",
                "error: file from ann failed: what came is not what the sender promised, so it was "
                    + "deleted; ask them to offer it again",
            ])
        #expect(bob.folder?.names == [])
        try scene.expectHealed()
    }

    @Test(
        "by a member who gives it a name that leads elsewhere",
        arguments: [
            ("../../.ssh/keys", "keys"), ("/etc/passwd", "passwd"), ("a\u{1B}[2J", "a_[2J"),
            ("..", "file"), ("", "file"),
        ])
    func name(name: String, stored: String) throws {
        let (scene, bob, news) = try take { content in
            guard case .offer(var offer) = content else { return content }
            offer.name = Array(name.utf8)
            return .offer(offer)
        }
        #expect(
            news == [
                "-- ann offers \(stored), 1.0 kB: /accept 1 or /decline 1",
                here(stored, from: "ann", "1.0 kB", small),
            ])
        #expect(bob.folder?.names == [stored])
        try scene.expectHealed()
    }

    @Test("by a member who offers what others cannot take, and takes what nobody offered")
    func senseless() throws {
        let (scene, ann, bob, _) = try room()
        ann.isLiar = true
        let offering = Offering(7, name: "file", size: .max)
        var offer = offering.offer
        offer.agreement = [UInt8](repeating: 0, count: 32)
        for content in [
            Content.offer(offer), .take(Taking(FileID(number: 9), of: bob.attachment).take),
            .digest(.init(file: offer.file, token: .random(), sha256: offer.agreement)),
            .received(file: FileID(number: 9), sender: bob.attachment),
            .cancel(file: FileID(number: 9), peer: bob.attachment, reason: .damaged),
            .withdraw(file: FileID(number: 9), reason: .changed),
        ] {
            try ann.speak(.content(content.encoded))
        }
        #expect(bob.news() == ["-- ann offers file, 18.4 EB: /accept 1 or /decline 1"])
        #expect(throws: ClientRefusal.self) { try bob.accept(1) }
        try scene.expectHealed()
    }
}

extension TemporaryFolder? {
    fileprivate func has(_ names: [String]) -> Bool {
        self?.names.contains(where: names.contains) ?? false
    }
}
