import TestSupport
import Testing
import Wire

@testable import Client

/// Clients as they are, group and all, on a server in memory.
@Suite("Whole clients", .oneAtATime, .timeLimit(.minutes(1)))
struct WholeClientTests {
    private let secret = RoomSecret()
    private let server = FakeServer(seed: 11, clock: ContinuousClock())

    /// Keys take their time on a busy machine: these live by its clock.
    private func guest(_ name: String, folder: TemporaryFolder? = nil) -> Guest {
        Guest(
            name, server, secret: secret, folder: folder?.folder, clock: ContinuousClock(),
            isOnMLS: true)
    }

    private func waitForAll(_ guests: [Guest]) async throws {
        for guest in guests {
            _ = try await guest.witness.waitToJoin()
            for other in guests where other.name != guest.name {
                try await guest.waitForPerson(other.name)
            }
        }
    }

    private func warnings(_ guest: Guest) -> [String] {
        guest.witness.events.compactMap { event in
            if case .warning(let warning) = event { warning.sentence } else { nil }
        }
    }

    @Test("hear each other, see who has what they said, and find nothing to warn of")
    func talk() async throws {
        let guests = ["Ann", "Bob", "Cid"].map { guest($0) }
        try await together(guests) {
            try await waitForAll(guests)
            for number in 0..<50 {
                for guest in guests { _ = try await guest.client.say("\(guest.name) \(number)") }
            }
            for guest in guests {
                _ = try await guest.witness.waitForTexts(100)
                for other in guests where other.name != guest.name {
                    #expect(guest.numbers(from: other) == Array(0..<50))
                }
                _ = try await guest.witness.wait { events in
                    events.contains {
                        if case .received(_, by: 2, of: 2) = $0 { true } else { false }
                    }
                        ? true : nil
                }
                #expect(warnings(guest).isEmpty)
            }
            try await guests[1].client.rename(to: "Bobby")
            try await guests[0].waitForPerson("Bobby", .renamed(from: "Bob"))
        }
    }

    @Test("lose, double and reorder nothing through 24 cuts, and accuse nobody")
    func cuts() async throws {
        server.setFaults {
            $0.cuts = 24
            $0.framesBeforeCut = 5...80
            $0.replayOverlap = true
        }
        let guests = ["Ann", "Bob", "Cid"].map { guest($0) }
        try await together(guests) {
            try await waitForAll(guests)
            for number in 0..<100 {
                for guest in guests { _ = try await guest.client.say("\(guest.name) \(number)") }
                await Task.yield()
            }
            for guest in guests {
                _ = try await guest.witness.waitForTexts(200)
                for other in guests where other.name != guest.name {
                    #expect(guest.numbers(from: other) == Array(0..<100))
                }
                #expect(warnings(guest).isEmpty)
            }
        }
    }

    @Test("form another group when the server starts anew, and say again what was not heard")
    func restart() async throws {
        let ann = guest("Ann")
        let bob = guest("Bob")
        try await together([ann, bob]) {
            try await waitForAll([ann, bob])
            server.setFaults { $0.intrusion = { if case .append = $0 { [] } else { nil } } }
            for number in 0..<10 { _ = try await ann.client.say("Ann \(number)") }
            server.setFaults { $0.intrusion = nil }
            server.restart()
            _ = try await bob.witness.waitForTexts(10)
            #expect(bob.numbers(from: ann) == Array(0..<10))
            #expect(warnings(ann).isEmpty && warnings(bob).isEmpty)
        }
    }

    @Test("move to another secret without who was removed, words and files with them")
    func move() async throws {
        let source = try TemporaryFolder()
        let destination = try TemporaryFolder()
        let ann = guest("Ann", folder: source)
        let bob = guest("Bob", folder: destination)
        let eve = guest("Eve")
        let bytes = randomBytes(500_000, seed: 1)
        let path = try source.write(bytes, as: "file")
        try await together([ann, bob]) {
            async let end = eve.stay()
            try await waitForAll([ann, bob])
            for guest in [ann, bob] { try await guest.waitForPerson("Eve") }
            _ = try await bob.witness.waitToJoin()
            let eves = await eve.client.people[0].attachment
            for number in 0..<40 {
                _ = try await bob.client.say("Bob \(number)")
                if number == 20 { try await ann.client.remove(eves) }
                _ = try await ann.client.say("Ann \(number)")
                await Task.yield()
            }
            let failure = await end
            #expect(failure == .removed(by: "Ann"))
            _ = try await ann.witness.waitForTexts(40)
            _ = try await bob.witness.waitForTexts(40)
            #expect(ann.numbers(from: bob) == Array(0..<40))
            #expect(bob.numbers(from: ann) == Array(0..<40))
            #expect(await ann.client.people.map(\.name) == ["Ann", "Bob"])
            _ = try await ann.client.offer(path: path, to: nil)
            try await bob.client.accept(try await bob.witness.waitForOffer().number)
            _ = try await bob.witness.waitForTransfer { $0.state.isCompleted }
            #expect(try destination.read("file") == bytes)
            #expect(warnings(ann).isEmpty && warnings(bob).isEmpty)
        }
    }
}
