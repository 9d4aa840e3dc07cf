import Client
import TestSupport
import Testing
import Wire

@Suite("Clients in one room", .oneAtATime, .timeLimit(.minutes(1)))
struct ChatTests {
    private let secret = RoomSecret()

    @Test("hear each other, under their names")
    func talk() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await ann.present {
            let joined = try await ann.witness.waitToJoin()
            #expect(joined.standing == .founder && joined.people.isEmpty)
            try await bob.present {
                #expect(try await bob.witness.waitToJoin().standing == .newcomer)
                let id = try await bob.client.say("hello Ann")
                _ = try await bob.witness.wait { $0.lazy.compactMap(\.sent).first { $0 == id } }
                let message = try await ann.witness.wait { $0.lazy.compactMap(\.message).first }
                #expect(message.text == "hello Ann" && message.id == id)
                #expect(message.sender.name == "Bob" && message.sender.keyTag.utf8.count == 8)
                try await bob.waitForPerson("Ann")
                _ = try await ann.client.say("hello Bob")
                let answer = try await bob.witness.wait { $0.lazy.compactMap(\.message).first }
                #expect(answer.text == "hello Bob" && answer.sender.name == "Ann")
                #expect(await bob.client.people.map(\.name) == ["Bob", "Ann"])
                _ = try await ann.witness.wait { $0.lazy.compactMap(\.sent).first }
                #expect(await ann.client.unfinished == (0, 0))
            }
        }
    }

    @Test("know everybody's name after one knock and one answer")
    func names() async throws {
        let server = FakeServer()
        let guests = (0..<20).map { Guest("guest \($0)", server, secret: secret) }
        try await together(guests) {
            for guest in guests { _ = try await guest.witness.waitToJoin() }
            for guest in guests {
                for other in 0..<20 where "guest \(other)" != guest.name {
                    try await guest.waitForPerson("guest \(other)")
                }
            }
            // A newcomer says who it is once; a few ask again while all come at once.
            #expect(server.appendCount == 19)
        }
    }

    @Test("are told who comes, goes away, is back and leaves")
    func comingAndGoing() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            try await bob.present {
                try await ann.waitForPerson("Bob", .arrived)
                server.cut(await bob.client.people[0].attachment)
                try await ann.waitForPerson("Bob", .away)
                try await ann.waitForPerson("Bob", .back)
                await bob.client.leave()
                try await ann.waitForPerson("Bob", .left)
            }
            #expect(await ann.client.people.count == 1)
        }
    }

    @Test("get long messages whole, and none that is too long")
    func longMessages() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        let long = String(repeating: "0123456789abcdef", count: 5 << 16)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            _ = try await ann.client.say(long)
            _ = try await ann.client.say("after")
            _ = try await ann.client.say("")
            #expect(try await bob.witness.waitForTexts(3) == [long, "after", ""])
            await #expect(throws: ClientRefusal.messageTooLong(limit: 16 << 20)) {
                try await ann.client.say(String(repeating: "x", count: 16 << 20 | 1))
            }
        }
    }

    @Test("lose, double and reorder nothing through 200 cuts")
    func cuts() async throws {
        let server = FakeServer(seed: 42)
        server.setFaults {
            $0.cuts = 220
            $0.framesBeforeCut = 2...120
            $0.replayOverlap = true
        }
        try await exchange(5_001, by: 3, over: server) { _ in }
        // A connection that another replaces first is not counted.
        #expect(server.faults.cuts == 0 && server.faults.cutsDone >= 200)
    }

    @Test("say again what a server that starts anew had not acknowledged, once")
    func restart() async throws {
        let server = FakeServer(seed: 7)
        // Who comes back is waited for by the clock, however busy the machine.
        let clock = ContinuousClock()
        let ann = Guest("Ann", server, secret: secret, clock: clock)
        let bob = Guest("Bob", server, secret: secret, clock: clock)
        let long = String(repeating: "long", count: 50_000)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            // Bob hears some of it, Ann is told of nothing.
            server.setFaults {
                $0.intrusion = { if case .append = $0 { [] } else { nil } }
            }
            for number in 0..<10 { _ = try await ann.client.say("unheard \(number)") }
            _ = try await ann.client.say(long)
            server.setFaults { $0.intrusion = nil }
            server.restart()
            let expected = (0..<10).map { "unheard \($0)" } + [long]
            #expect(try await bob.witness.waitForTexts(11) == expected)
            _ = try await ann.client.say("end")
            #expect(try await bob.witness.waitForTexts(12) == expected + ["end"])
        }
    }

    @Test("double and reorder nothing when the server starts anew and forgets people")
    func restarts() async throws {
        let server = FakeServer(seed: 7)
        server.setFaults {
            $0.cuts = 30
            $0.framesBeforeCut = 10...150
        }
        let guests = (0..<3).map {
            Guest("\($0)", server, secret: secret, clock: FastClock(factor: 50), seed: UInt64($0))
        }
        try await together(guests) {
            for guest in guests { _ = try await guest.witness.waitToJoin() }
            for number in 0..<600 {
                for guest in guests { _ = try await guest.client.say("\(guest.name) \(number)") }
                if number % 200 == 80 { server.restart() }
                if number % 200 == 160 {
                    server.cutAll()
                    server.forgetAway()
                }
                await Task.yield()
            }
            // Who came back late has missed something; what is said once all are there, nobody.
            var number = 600
            while !guests.allSatisfy({ $0.hasHeard(from: guests, sinceNumber: 600) }) {
                for guest in guests {
                    let id = try await guest.client.say("\(guest.name) \(number)")
                    _ = try await guest.witness.wait {
                        $0.lazy.compactMap(\.sent).first { $0 == id }
                    }
                }
                number += 1
            }
            for guest in guests {
                for other in guests where other.name != guest.name {
                    let numbers = guest.numbers(from: other)
                    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
                }
            }
        }
    }

    /// Several people say numbered things; everybody must get everything of everybody, in order.
    private func exchange(
        _ count: Int, by people: Int, over server: FakeServer,
        misfortune: @escaping @Sendable (_ said: Int) -> Void
    ) async throws {
        let guests = (0..<people).map {
            Guest("\($0)", server, secret: secret, clock: FastClock(factor: 50), seed: UInt64($0))
        }
        let each = count / people
        try await together(guests) {
            for guest in guests { _ = try await guest.witness.waitToJoin() }
            for number in 0..<each {
                for guest in guests { _ = try await guest.client.say("\(guest.name) \(number)") }
                misfortune(number)
                await Task.yield()
            }
            for guest in guests {
                let texts = try await guest.witness.waitForTexts(each * (people - 1))
                for other in guests where other.name != guest.name {
                    let heard = texts.filter { $0.utf8.starts(with: "\(other.name) ".utf8) }
                    #expect(heard == (0..<each).map { "\(other.name) \($0)" })
                }
            }
        }
    }

    @Test("are told that something may be missing when the server began anew")
    func missed() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            try await bob.present {
                _ = try await bob.witness.waitToJoin()
                server.restart()
                let standings = [
                    try await ann.witness.waitToJoin(times: 2).standing,
                    try await bob.witness.waitToJoin(times: 2).standing,
                ]
                #expect(Set(standings) == [.founder, .newcomer])
                let later = standings[0] == .newcomer ? ann : bob
                _ = try await later.witness.wait { $0.contains(where: \.missed) ? true : nil }
            }
        }
    }

    @Test("get acknowledgements that come late, and nothing twice for it")
    func lateAcknowledgements() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            server.stall(true)
            for number in 0..<100 { _ = try await ann.client.say("\(number)") }
            #expect(await ann.client.unfinished.messages == 100)
            // The answers are lost with the connection, after the server has taken what was said.
            server.cutAll()
            #expect(try await bob.witness.waitForTexts(100) == (0..<100).map { "\($0)" })
            _ = try await ann.witness.wait { $0.compactMap(\.sent).count == 100 ? true : nil }
            #expect(bob.witness.texts.count == 100)
        }
    }
}

extension Guest {
    /// What this guest heard of another who counts, as "NAME NUMBER".
    func numbers(from other: Guest) -> [Int] {
        witness.texts.compactMap { text in
            guard text.utf8.starts(with: "\(other.name) ".utf8) else { return nil }
            return Int(text.dropFirst(other.name.count + 1))
        }
    }

    func hasHeard(from guests: [Guest], sinceNumber number: Int) -> Bool {
        guests.allSatisfy { other in
            other.name == name || numbers(from: other).contains { $0 >= number }
        }
    }

    /// Waits for somebody who is there on entering or comes, or for what happens to them.
    func waitForPerson(_ name: String, _ change: ClientEvent.PersonChange? = nil) async throws {
        _ = try await witness.wait { events in
            events.contains { event in
                if let (person, told) = event.person {
                    return person.name == name && (change == nil || told == change)
                }
                return change == nil && event.joined?.people.contains { $0.name == name } == true
            } ? true : nil
        }
    }
}
