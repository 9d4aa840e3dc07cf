import Synchronization
import TestSupport
import Testing
import Wire

@testable import Client

@Suite("Members of a room", .oneAtATime, .timeLimit(.minutes(1)))
struct RoomTests {
    private let secret = RoomSecret()

    @Test("see by how many others a message was received")
    func receipts() async throws {
        let server = FakeServer()
        let guests = ["Ann", "Bob", "Cid"].map { Guest($0, server, secret: secret) }
        try await together(guests) {
            for guest in guests { _ = try await guest.witness.waitToJoin() }
            let ann = guests[0]
            try await ann.waitForPerson("Bob")
            try await ann.waitForPerson("Cid")
            let id = try await ann.client.say("who has this?")
            let counts = try await ann.witness.wait { events -> [Int]? in
                let counts = events.compactMap { event -> Int? in
                    if case .received(id, let count, of: 2) = event { count } else { nil }
                }
                return counts.last == 2 ? counts : nil
            }
            #expect(counts == [1, 2])
            let receipts = await ann.client.receipts
            #expect(Set(receipts.received.map(\.name)) == ["Bob", "Cid"])
            #expect(receipts.missing.isEmpty)
            #expect(await guests[1].client.receipts.received.isEmpty)
        }
    }

    @Test("are told what somebody does")
    func actions() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            _ = try await bob.client.say("waves", isAction: true)
            let message = try await ann.witness.wait { $0.lazy.compactMap(\.message).first }
            #expect(message.text == "waves" && message.isAction)
        }
    }

    @Test("go by another name when they want to")
    func rename() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            try await bob.client.rename(to: "Bobby")
            try await ann.waitForPerson("Bobby", .renamed(from: "Bob"))
            try await bob.waitForPerson("Bobby", .renamed(from: "Bob"))
            #expect(await bob.client.people.first?.name == "Bobby")
        }
    }

    @Test("decide who comes in", arguments: [true, false])
    func approval(isAdmitted: Bool) async throws {
        let server = FakeServer()
        let script = PlainScript { $0.needsApproval = true }
        let ann = Guest("Ann", server, secret: secret, script: script)
        let bob = Guest("Bob", server, secret: secret)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            await #expect(throws: ClientRefusal.noSuchNewcomer) {
                try await ann.client.admit(AttachmentID(77))
            }
            let run = Task { try await bob.client.run() }
            async let watched: Void = bob.witness.watch(bob.client.events)
            let newcomer = try await ann.witness.wait { events in
                events.lazy.compactMap { event -> Newcomer? in
                    if case .newcomer(let newcomer) = event { newcomer } else { nil }
                }.first
            }
            #expect(newcomer.name == "Bob")
            #expect(await ann.client.newcomers == [newcomer])
            await #expect(throws: ClientRefusal.outside) { try await bob.client.rename(to: "x") }
            await #expect(throws: ClientRefusal.name(.invisible)) {
                try await bob.client.rename(to: "")
            }
            await #expect(throws: ClientRefusal.name(.control)) {
                try await bob.client.rename(to: "a\nb")
            }
            if isAdmitted {
                try await ann.client.admit(newcomer.attachment)
                _ = try await bob.witness.waitToJoin()
                run.cancel()
            } else {
                try await ann.client.refuse(newcomer.attachment)
                await #expect(throws: ClientFailure.turnedAway(by: "a member")) {
                    try await run.value
                }
            }
            #expect(await ann.client.newcomers.isEmpty)
            await watched
        }
    }

    @Test("hear what had to be said again, once")
    func sayAgain() async throws {
        let server = FakeServer()
        let script = PlainScript { $0.sayAgain = 3 }
        let ann = Guest("Ann", server, secret: secret, script: script)
        let bob = Guest("Bob", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            for number in 0..<10 { _ = try await ann.client.say("\(number)") }
            _ = try await ann.witness.wait { $0.compactMap(\.sent).count == 10 ? true : nil }
            _ = try await ann.client.say("end")
            #expect(try await bob.witness.waitForTexts(11) == (0..<10).map(String.init) + ["end"])
            #expect(script.current.sayAgain == 0)
        }
    }

    @Test("pass the whole log through their group, once and in order, through 60 cuts")
    func everythingPasses() async throws {
        let server = FakeServer(seed: 5)
        server.setFaults {
            $0.cuts = 60
            $0.framesBeforeCut = 5...80
            $0.replayOverlap = true
        }
        let guests = (0..<3).map {
            Guest("\($0)", server, secret: secret, clock: FastClock(factor: 50), seed: UInt64($0))
        }
        try await together(guests) {
            for guest in guests { _ = try await guest.witness.waitToJoin() }
            for number in 0..<400 {
                for guest in guests { _ = try await guest.client.say("\(guest.name) \(number)") }
                await Task.yield()
            }
            for guest in guests { _ = try await guest.witness.waitForTexts(800) }
            for guest in guests {
                _ = try await guest.witness.wait { $0.compactMap(\.sent).count == 400 ? true : nil }
                let (log, all) = server.everySequence
                let passed = try #require(guest.script.current.passed[log])
                #expect(!guest.script.current.isOutOfOrder)
                let first = try #require(passed.first)
                let last = try #require(passed.last)
                #expect(passed == all.filter { $0 >= first && $0 <= last })
            }
        }
    }
}

@Suite("A room that moves", .oneAtATime, .timeLimit(.minutes(1)))
struct MoveTests {
    private let secret = RoomSecret()

    private func attachment(of guest: Guest) async -> AttachmentID {
        await guest.client.people[0].attachment
    }

    /// Ann and Bob are in, and Eve comes. After `before` Ann takes her out, and when she has gone
    /// `after` follows.
    private func takeOut(
        _ eve: Guest, _ ann: Guest, _ bob: Guest,
        before: @escaping @Sendable () async throws -> Void,
        after: @escaping @Sendable (ClientFailure?) async throws -> Void
    ) async throws {
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            async let end = eve.stay()
            try await ann.waitForPerson("Eve")
            try await bob.waitForPerson("Eve")
            try await before()
            try await ann.client.remove(await attachment(of: eve))
            try await after(await end)
        }
    }

    @Test("takes along who stays, and leaves behind who was removed")
    func removal() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        let eve = Guest("Eve", server, secret: secret)
        try await takeOut(eve, ann, bob) {
            let ownPlace = await attachment(of: ann)
            await #expect(throws: ClientRefusal.yourself) {
                try await ann.client.remove(ownPlace)
            }
        } after: { failure in
            #expect(failure == .removed(by: "Ann"))
            for guest in [ann, bob] {
                let joined = try await guest.witness.waitToJoin(times: 2)
                #expect(joined.people.allSatisfy { $0.name != "Eve" })
                let move = try await guest.witness.wait { $0.lazy.compactMap(\.move).first }
                #expect(move.mover.name == "Ann" && move.removed?.name == "Eve")
                #expect(server.otherRooms == [move.secret.accessKey.room])
            }
            // Nobody is away for the server who will not come back.
            #expect(server.attachments.isEmpty)
            _ = try await ann.client.say("only us now")
            #expect(try await bob.witness.waitForTexts(1) == ["only us now"])
            #expect(eve.witness.texts.isEmpty)
        }
    }

    @Test("loses, doubles and reorders nothing of what was being said")
    func wordsUnderWay() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        let eve = Guest("Eve", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            async let end = eve.stay()
            try await ann.waitForPerson("Eve")
            try await bob.waitForPerson("Eve")
            let eves = await attachment(of: eve)
            for number in 0..<100 {
                _ = try await bob.client.say("Bob \(number)")
                if number == 50 { try await ann.client.remove(eves) }
                _ = try await ann.client.say("Ann \(number)")
                await Task.yield()
            }
            _ = await end
            let ofBob = (0..<100).map { "Bob \($0)" }
            let ofAnn = (0..<100).map { "Ann \($0)" }
            #expect(try await ann.witness.waitForTexts(100) == ofBob)
            #expect(try await bob.witness.waitForTexts(100) == ofAnn)
            for guest in [ann, bob] {
                _ = try await guest.witness.wait { $0.compactMap(\.sent).count == 100 ? true : nil }
                #expect(await guest.client.unfinished.messages == 0)
            }
        }
    }

    @Test("breaks off no file, and later ones go over the new room")
    func files() async throws {
        let server = FakeServer(seed: 3)
        let source = try TemporaryFolder()
        let destination = try TemporaryFolder()
        let ann = Guest("Ann", server, secret: secret, folder: source.folder)
        let bob = Guest("Bob", server, secret: secret, folder: destination.folder)
        let eve = Guest("Eve", server, secret: secret)
        let first = randomBytes(2_000_000, seed: 1)
        let second = randomBytes(100_000, seed: 2)
        let paths = [
            try source.write(first, as: "first"), try source.write(second, as: "second"),
        ]
        try await takeOut(eve, ann, bob) {
            _ = try await ann.client.offer(path: paths[0], to: nil)
            try await bob.client.accept(try await bob.witness.waitForOffer().number)
            _ = try await bob.witness.waitForTransfer { $0.state == .running }
        } after: { _ in
            _ = try await bob.witness.waitForTransfer { $0.state.isCompleted }
            #expect(try destination.read("first") == first)
            _ = try await ann.witness.waitForTransfer { $0.state.isCompleted }
            _ = try await ann.witness.waitToJoin(times: 2)
            _ = try await bob.witness.waitToJoin(times: 2)
            _ = try await ann.client.offer(path: paths[1], to: nil)
            let offer = try await bob.witness.wait { $0.lazy.compactMap(\.offer).dropFirst().first }
            try await bob.client.accept(offer.number)
            _ = try await bob.witness.waitForTransfer {
                $0.number == offer.number && $0.state.isCompleted
            }
            #expect(try destination.read("second") == second)
            #expect(server.transferRooms.last == server.otherRooms.first)
            #expect(server.transferRooms.first == secret.accessKey.room)
        }
    }

    @Test("takes along what is for one person and was not heard in the old one")
    func addressed() async throws {
        let server = FakeServer(seed: 4)
        let source = try TemporaryFolder()
        let destination = try TemporaryFolder()
        let ann = Guest("Ann", server, secret: secret, folder: source.folder)
        let bob = Guest("Bob", server, secret: secret, folder: destination.folder)
        let eve = Guest("Eve", server, secret: secret)
        let paths = try ["first", "second"].map { try source.write([1, 2, 3], as: $0) }
        try await takeOut(eve, ann, bob) {
            _ = try await ann.client.offer(path: paths[0], to: nil)
            let unwanted = try await bob.witness.waitForOffer()
            let swallowed = server.swallowAppends()
            try await bob.client.decline(unwanted.number)
            _ = try await ann.client.offer(path: paths[1], to: await attachment(of: bob))
            await swallowed(2)
        } after: { _ in
            _ = try await ann.witness.waitForTransfer { $0.state == .declined }
            let wanted = try await bob.witness.wait {
                $0.lazy.compactMap(\.offer).dropFirst().first
            }
            #expect(wanted.fileName == "second" && wanted.isPrivate)
            try await bob.client.accept(wanted.number)
            _ = try await bob.witness.waitForTransfer { $0.state.isCompleted }
            _ = try await ann.witness.waitForTransfer { $0.state.isCompleted }
        }
    }

    @Test("takes along by which name somebody wants to go")
    func name() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        let eve = Guest("Eve", server, secret: secret)
        try await takeOut(eve, ann, bob) {
            let swallowed = server.swallowAppends()
            try await bob.client.rename(to: "Bobby")
            await swallowed(1)
        } after: { _ in
            let joined = try await bob.witness.waitToJoin(times: 2)
            #expect(joined.me.name == "Bobby")
        }
    }

    @Test("can be left on the way")
    func leaving() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let eve = Guest("Eve", server, secret: secret)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            async let end = eve.stay()
            try await ann.waitForPerson("Eve")
            try await ann.client.remove(await attachment(of: eve))
            _ = try await ann.witness.wait { $0.lazy.compactMap(\.move).first }
            await ann.client.leave()
            _ = await end
        }
    }
}

extension FakeServer {
    /// Takes no appends any more, nor answers them.
    ///
    /// - Returns: what waits until so many came, and has the server take them again.
    fileprivate func swallowAppends() -> @Sendable (Int) async -> Void {
        let counted = Counted()
        setFaults {
            $0.intrusion = { frame in
                guard case .append = frame else { return nil }
                counted.count.withLock { $0 += 1 }
                return []
            }
        }
        return { count in
            while counted.count.withLock({ $0 }) < count { await Task.yield() }
            self.setFaults { $0.intrusion = nil }
        }
    }
}

private final class Counted: Sendable {
    let count = Mutex(0)
}

extension Guest {
    /// Runs the client to its end, and says why it gave up.
    func stay() async -> ClientFailure? {
        async let watched: Void = witness.watch(client.events)
        var failure: ClientFailure?
        do { try await client.run() } catch { failure = error as? ClientFailure }
        await watched
        return failure
    }
}

extension ClientEvent {
    var move: Move? { if case .moved(let move) = self { move } else { nil } }
}
