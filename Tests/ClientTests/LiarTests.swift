import Crypto
import Folder
import SealedFile
import TestSupport
import Testing
import Wire

@testable import Client

@Suite("A sender who lies", .oneAtATime, .timeLimit(.minutes(1)))
struct LiarTests {
    private let secret = RoomSecret()

    /// Receives `bytes`, announced as `declared` bytes, and a word on their hash.
    private func receive(
        _ bytes: [UInt8], declared: UInt64, digest: [UInt8]?, into folder: TemporaryFolder
    ) async throws -> ReceiveOutcome {
        let server = FakeServer()
        let connector = FakeConnector(server)
        let offering = Offering(77, name: "x", size: declared)
        let offer = offering.offer
        let taking = Taking(offer.file, of: AttachmentID(1))
        let (digests, word) = AsyncStream<[UInt8]>.makeStream()
        let job = ReceiveJob(
            order: ReceiveOrder(
                secret: try taking.secret(offer), offer: offer, partID: offer.file.bytes,
                safeName: SafeFileName(untrusted: offer.name),
                folder: folder.folder),
            connector: connector, access: secret.accessKey,
            clock: ClientClock(FastClock(factor: 100)), digests: digests,
            reports: ReceiveJob.Reports(
                began: { _, _ in }, progressed: { _ in }, isUnwanted: { false }))
        async let outcome = job.run()
        let stream = try offering.secret(taking)
        let parameters = SealedFile.Parameters(key: stream.key, fileID: offer.file.bytes)
        try? await connector.withTransfer(token: stream.token, access: secret.accessKey) { link in
            var sealer = FileSealer(parameters)
            try await link.send(sealer.header)
            let chunks = stride(from: 0, to: max(bytes.count, 1), by: SealedFile.chunkSize)
            for start in chunks {
                let end = min(start + SealedFile.chunkSize, bytes.count)
                let chunk = Array(bytes[start..<end])
                try await link.send(try sealer.seal(chunk, isLast: end == bytes.count))
            }
            if let digest { word.yield(digest) }
            if bytes.count >= declared { _ = try await link.receive() }
        }
        return await outcome
    }

    private func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    @Test("about nothing is believed")
    func honest() async throws {
        let folder = try TemporaryFolder()
        let bytes = randomBytes(100_000, seed: 1)
        let outcome = try await receive(bytes, declared: 100_000, digest: hash(bytes), into: folder)
        guard case .completed("x", hash(bytes)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(folder.names == ["x"])
    }

    @Test("about the hash leaves nothing behind")
    func digest() async throws {
        let folder = try TemporaryFolder()
        let bytes = randomBytes(100_000, seed: 1)
        let outcome = try await receive(bytes, declared: 100_000, digest: hash([]), into: folder)
        guard case .damaged(Sentences.wrongDigest) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(folder.names.isEmpty)
    }

    @Test(
        "about the size leaves nothing behind",
        arguments: [(65_536, 131_072), (100, 200), (131_072, 65_536), (0, 10)])
    func size(real: Int, declared: UInt64) async throws {
        let folder = try TemporaryFolder()
        let bytes = randomBytes(real, seed: 1)
        let outcome = try await receive(
            bytes, declared: declared, digest: hash(bytes), into: folder)
        guard case .damaged(Sentences.wrongSize) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(folder.names.isEmpty)
    }

    @Test("by saying nothing about the hash is asked again, and the part is kept")
    func noDigest() async throws {
        let folder = try TemporaryFolder()
        let bytes = randomBytes(100, seed: 1)
        let outcome = try await receive(bytes, declared: 100, digest: nil, into: folder)
        guard case .broken = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(folder.names.count == 1)
    }

    @Test("about being there at all is not waited for", .timeLimit(.minutes(1)))
    func stall() async throws {
        let clock = ClientClock(FastClock(factor: 1000))
        await #expect(throws: ConnectionError.timeout) {
            try await clock.watching(stall: .seconds(60)) { pulse in
                pulse.beat(clock.now())
                let never = Channel<Int>()
                _ = try await never.next()
            }
        }
    }

    @Test(
        "and then falling silent is noticed a minute after the last byte, and not after two",
        .timeLimit(.minutes(1)))
    func stallFromLastByte() async throws {
        let manual = ManualClock()
        let clock = ClientClock(manual)
        let (beaten, beat) = AsyncStream<Never>.makeStream()
        let watching = Task {
            try await clock.watching(stall: .seconds(60)) { pulse in
                try await clock.sleep(.seconds(1))
                pulse.beat(clock.now())
                beat.finish()
                let never = Channel<Int>()
                _ = try await never.next()
            }
        }
        for time in [1, 60, 61] {
            // The watcher may first lie down when the byte has come.
            while manual.nextWakeUp != .seconds(time), manual.nextWakeUp != .seconds(61) {
                try Task.checkCancellation()
                await Task.yield()
            }
            manual.advance(by: .seconds(time) - manual.now.offset)
            for await _ in beaten {}
        }
        await #expect(throws: ConnectionError.timeout) { try await watching.value }
        #expect(manual.now.offset == .seconds(61))
    }

    @Test("going on far behind is not hashed from its beginning each time")
    func hashedPrefix() async throws {
        let folder = try TemporaryFolder()
        let bytes = randomBytes(10 * SealedFile.chunkSize + 5, seed: 9)
        let source = try SourceFile(path: try folder.write(bytes, as: "big"))
        let server = FakeServer()
        server.setFaults { $0.isUp = false }
        let offer = Offering(77, name: "big", size: source.size).offer
        let hashed = HashedPrefix()
        let job = SendJob(
            order: SendOrder(
                secret: try Taking(offer.file, of: AttachmentID(1)).secret(offer), offer: offer,
                firstChunk: 7, source: source, hashed: hashed),
            connector: FakeConnector(server), access: secret.accessKey,
            clock: ClientClock(FastClock(factor: 100)), progressed: { _ in })
        guard case .broken = await job.run() else {
            Issue.record("there was a server")
            return
        }
        // The receiver gave up meanwhile; what was read for it is not read again.
        var progress = hashed.progress
        #expect(progress.chunks == 7)
        for chunk in UInt64(5)...10 {
            let start = Int(chunk) * SealedFile.chunkSize
            let end = min(start + SealedFile.chunkSize, bytes.count)
            if chunk <= progress.chunks { progress.take(Array(bytes[start..<end]), number: chunk) }
        }
        #expect(progress.digest == hash(bytes))
    }
}

@Suite("The rate of a transfer")
struct RateTests {
    @Test("is that of the last seconds")
    func rate() throws {
        var meter = RateMeter()
        #expect(meter.rate == nil)
        for second in 0...20 { meter.note(UInt64(second) * 1000, at: .seconds(second)) }
        #expect(try #require(meter.rate) == 1000)
        for second in 21...30 { meter.note(20_000, at: .seconds(second)) }
        #expect(try #require(meter.rate) == 0)
    }
}
