import TestSupport
import Testing
import Wire

@testable import Client

/// Whom a client knows, as the person at it sees.
@Suite("People who meet again", .oneAtATime, .timeLimit(.minutes(1)))
struct AcquaintanceTests {
    private let annsArchive = MemoryArchive()
    private let annsIdentity = Identity()
    private let bobsIdentity = Identity()

    private func makeAnn(_ server: FakeServer, _ secret: RoomSecret, script: PlainScript = .init())
        -> Guest
    {
        Guest(
            "Ann", server, secret: secret, identity: annsIdentity, script: script,
            archive: annsArchive)
    }

    private func bob(
        _ server: FakeServer, _ secret: RoomSecret, name: String = "Bob", as identity: Identity
    ) -> Guest {
        Guest(name, server, secret: secret, identity: identity)
    }

    /// A stay of Ann's in a room of its own, with others in it.
    private func meeting<Result: Sendable>(
        _ others: [(name: String, identity: Identity)],
        _ body: @escaping @Sendable (Guest, [Guest]) async throws -> Result
    ) async throws -> Result {
        let server = FakeServer()
        let secret = RoomSecret()
        let ann = makeAnn(server, secret)
        let guests = others.map { bob(server, secret, name: $0.name, as: $0.identity) }
        return try await ann.present {
            _ = try await ann.witness.waitToJoin()
            return try await together(guests) {
                for guest in guests {
                    _ = try await guest.witness.waitToJoin()
                    try await ann.waitForPerson(guest.name)
                }
                return try await body(ann, guests)
            }
        }
    }

    @Test func `are new once, and verified from then on when they were`() async throws {
        let numbers = try await meeting([("Bob", bobsIdentity)]) { ann, others in
            let person = try #require(await ann.client.people.last)
            #expect(person.isNew && !person.isVerified)
            let mine = try await ann.client.verification(of: person.attachment)
            let me = await ann.client.people[0].attachment
            let theirs = try await others[0].client.verification(of: me)
            #expect(mine.person.name == "Bob" && mine.number == theirs.number)
            try await ann.client.setVerified(true, person.attachment)
            try await ann.waitForPerson("Bob", .verified(true))
            #expect(await ann.client.people.last?.isVerified == true)
            await #expect(throws: ClientRefusal.yourself) {
                try await ann.client.verification(of: me)
            }
            await #expect(throws: ClientRefusal.noSuchPerson) {
                try await ann.client.setVerified(true, AttachmentID(12345))
            }
            return mine.number
        }
        #expect(numbers.split(separator: " ").count == 6)
        #expect(annsArchive.text.contains(" verified Bob\n"))
        // In another room, another day.
        try await meeting([("Bob", bobsIdentity)]) { ann, _ in
            let person = try #require(await ann.client.people.last)
            #expect(!person.isNew && person.isVerified)
            #expect(try await ann.client.verification(of: person.attachment).number == numbers)
            try await ann.client.setVerified(false, person.attachment)
            try await ann.waitForPerson("Bob", .verified(false))
        }
        try await meeting([("Bob", bobsIdentity)]) { ann, _ in
            #expect(await ann.client.people.last?.isVerified == false)
        }
    }

    private func keyChanges(_ events: [ClientEvent]) -> [(Person, [String])] {
        events.compactMap {
            if case .keyChanged(let person, let tags) = $0 { (person, tags) } else { nil }
        }
    }

    private func warnings(_ events: [ClientEvent]) -> [RoomWarning] {
        events.compactMap { if case .warning(let warning) = $0 { warning } else { nil } }
    }

    @Test(arguments: [false, true])
    func `are told of when somebody else has their name`(isVerified: Bool) async throws {
        try await meeting([("Bob", bobsIdentity)]) { ann, _ in
            if isVerified {
                let person = try #require(await ann.client.people.last)
                try await ann.client.setVerified(true, person.attachment)
            }
            #expect(keyChanges(ann.witness.events).isEmpty)
        }
        let mallory = Identity()
        try await meeting([("BOB", mallory)]) { ann, _ in
            _ = try await ann.witness.wait { keyChanges($0).first.map { _ in true } }
            let (person, tags) = try #require(keyChanges(ann.witness.events).first)
            #expect(person.keyTag == mallory.keyTag && tags == [bobsIdentity.keyTag])
            #expect(!person.isVerified)
            if isVerified {
                _ = try await ann.witness.wait { warnings($0).first.map { _ in true } }
            }
            let told = warnings(ann.witness.events)
            #expect(told.map(\.kind) == (isVerified ? [.notTheVerified] : []))
            let isNamed = told.allSatisfy { $0.sentence.contains("BOB#\(mallory.keyTag)") }
            #expect(isNamed)
        }
    }

    @Test func `are told of when somebody takes their name in the middle`() async throws {
        try await meeting([("Bob", bobsIdentity), ("Mallory", Identity())]) { ann, others in
            try await others[1].client.rename(to: "bob")
            _ = try await ann.witness.wait { keyChanges($0).first.map { _ in true } }
            let (person, tags) = try #require(keyChanges(ann.witness.events).first)
            #expect(person.name == "bob" && tags == [bobsIdentity.keyTag])
        }
    }

    @Test func `are told of before somebody else is let in under their name`() async throws {
        try await meeting([("Bob", bobsIdentity)]) { _, _ in }
        let server = FakeServer()
        let secret = RoomSecret()
        let ann = makeAnn(server, secret, script: PlainScript { $0.needsApproval = true })
        let mallory = self.bob(server, secret, as: Identity())
        let honest = self.bob(server, secret, as: bobsIdentity)
        try await together([ann, honest]) {
            _ = try await ann.witness.wait { asked($0).first.map { _ in true } }
            #expect(keyChanges(ann.witness.events).isEmpty)
            try await mallory.present {
                _ = try await ann.witness.wait { keyChanges($0).first.map { _ in true } }
                let (person, tags) = try #require(keyChanges(ann.witness.events).first)
                #expect(tags == [bobsIdentity.keyTag] && person.isNew)
                #expect(asked(ann.witness.events).count == 2)
                #expect(await ann.client.people.count == 1)
            }
        }
        // Whoever only asked is not known by it.
        #expect(!annsArchive.text.contains(mallory.name + "\n# "))
        #expect(annsArchive.text.split(separator: "\n").count { $0.hasSuffix(" Bob") } == 1)
    }

    private func asked(_ events: [ClientEvent]) -> [Newcomer] {
        events.compactMap { if case .newcomer(let newcomer) = $0 { newcomer } else { nil } }
    }

    @Test func `do so at two places, too, and are nobody new to themselves`() async throws {
        let server = FakeServer()
        let secret = RoomSecret()
        let here = makeAnn(server, secret)
        let there = makeAnn(server, secret)
        try await together([here, there]) {
            _ = try await here.witness.waitToJoin()
            _ = try await there.witness.waitToJoin()
            _ = try await here.witness.wait { events in
                events.contains { $0.person?.0.name == "Ann" || $0.joined?.people.count == 1 }
                    ? true : nil
            }
            let other = try #require(await here.client.people.last)
            #expect(!other.isNew)
            await #expect(throws: ClientRefusal.yourself) {
                try await here.client.setVerified(true, other.attachment)
            }
        }
        #expect(annsArchive.text.isEmpty)
    }

    // MARK: What can be wrong with the archive

    private func notices(_ events: [ClientEvent]) -> [String] {
        events.compactMap { if case .notice(let text) = $0 { text } else { nil } }
    }

    @Test func `talk although nothing of it can be kept, which is said once`() async throws {
        let problem = PeopleArchiveError("the disk is full; make room")
        let archive = MemoryArchive(appendProblem: problem)
        let server = FakeServer()
        let secret = RoomSecret()
        let ann = Guest("Ann", server, secret: secret, archive: archive)
        let others = ["Bob", "Cid"].map { Guest($0, server, secret: secret) }
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            try await others[0].present {
                try await ann.waitForPerson("Bob")
                try await others[1].present {
                    try await ann.waitForPerson("Cid")
                    let person = try #require(await ann.client.people.last)
                    try await ann.client.setVerified(true, person.attachment)
                    try await ann.waitForPerson("Cid", .verified(true))
                    _ = try await others[1].client.say("hello")
                    #expect(try await ann.witness.waitForTexts(1) == ["hello"])
                }
            }
        }
        #expect(archive.appends == 3)
        #expect(notices(ann.witness.events) == [problem.sentence])
    }

    @Test func `talk although nothing is known of earlier days, which is said`() async throws {
        let problem = PeopleArchiveError("it is a link; move it away")
        for (archive, expected) in [
            (MemoryArchive(readProblem: problem, appendProblem: problem), problem.sentence),
            (MemoryArchive("2026-11-23 ed25519 00 seen Bob\n"), "one line in the list"),
        ] {
            let server = FakeServer()
            let secret = RoomSecret()
            let ann = Guest("Ann", server, secret: secret, archive: archive)
            let bob = Guest("Bob", server, secret: secret)
            try await together([ann, bob]) {
                try await ann.waitForPerson("Bob")
            }
            let told = notices(ann.witness.events)
            #expect(told.count == 1 && told[0].hasPrefix(expected))
        }
    }
}
