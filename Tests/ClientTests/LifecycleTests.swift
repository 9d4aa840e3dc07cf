import Client
import TestSupport
import Testing
import Wire

@Suite("A client", .oneAtATime, .timeLimit(.minutes(1)))
struct LifecycleTests {
    private let secret = RoomSecret()

    @Test(
        "that cannot connect the first time says why and gives up",
        arguments: [
            (ConnectionError.unreachable("x:1"), ClientFailure.cannotConnect(.unreachable("x:1"))),
            (.wrongServer, .wrongServer),
            (.goodbye(.version), .versionMismatch),
            (.goodbye(.unauthorized), .unauthorized),
            (.goodbye(.full), .cannotConnect(.goodbye(.full))),
        ])
    func firstConnection(error: ConnectionError, failure: ClientFailure) async throws {
        let guest = Guest("Ann", FakeServer(), secret: secret, failure: error)
        await #expect(throws: failure) { try await guest.client.run() }
        for await event in guest.client.events {
            guard case .connection(.connecting) = event else {
                Issue.record("unexpected \(event)")
                continue
            }
        }
    }

    @Test("with another room's proof is turned away for good")
    func unauthorized() async throws {
        let server = FakeServer()
        server.setFaults {
            $0.intrusion = { frame in
                if case .attach = frame { [.goodbye(.unauthorized)] } else { nil }
            }
        }
        let guest = Guest("Ann", server, secret: secret)
        await #expect(throws: ClientFailure.unauthorized) { try await guest.client.run() }
    }

    @Test("that meets another version of the protocol says so")
    func version() async throws {
        let server = FakeServer()
        server.setFaults {
            $0.intrusion = { frame in
                guard case .hello = frame else { return nil }
                return [
                    .challenge(
                        ServerFrame.ServerHello(
                            version: 0, challenge: Challenge(), resumeSeconds: 1, agent: []))
                ]
            }
        }
        let guest = Guest("Ann", server, secret: secret)
        await #expect(throws: ClientFailure.versionMismatch) { try await guest.client.run() }
    }

    @Test("keeps trying while the server is down, and says what was said meanwhile")
    func serverDown() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            server.setFaults { $0.isUp = false }
            server.cutAll()
            _ = try await ann.witness.wait { events in
                events.count { if case .connection(.reconnecting) = $0 { true } else { false } } > 3
                    ? true : nil
            }
            _ = try await ann.client.say("said in the dark")
            server.setFaults { $0.isUp = true }
            #expect(try await bob.witness.waitForTexts(1) == ["said in the dark"])
        }
    }

    @Test("that leaves says what is queued first, and then bye")
    func leaveInOrder() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            try await bob.present {
                _ = try await bob.witness.waitToJoin()
                for number in 0..<500 { _ = try await bob.client.say("\(number)") }
                await bob.client.leave()
                await #expect(throws: ClientRefusal.left) { try await bob.client.say("more") }
            }
            #expect(try await ann.witness.waitForTexts(500).last == "499")
            try await ann.waitForPerson("Bob", .left)
        }
    }

    @Test("that leaves while the server is down stops after a while and says what is uncertain")
    func leaveInTheDark() async throws {
        let server = FakeServer()
        let clock = ManualClock()
        let ann = Guest("Ann", server, secret: secret, clock: clock)
        try await ann.present {
            _ = try await ann.witness.waitToJoin()
            server.stall(true)
            let id = try await ann.client.say("lost?")
            async let left: Void = ann.client.leave()
            // Time is moved until the client has had enough of it.
            while ann.witness.events.last?.isUncertain != true {
                clock.advance(by: .seconds(1))
                await Task.yield()
            }
            await left
            #expect(ann.witness.events.contains { $0.uncertain == id })
        }
    }

    @Test("that never ran leaves at once")
    func leaveBeforeRun() async throws {
        let guest = Guest("Ann", FakeServer(), secret: secret)
        await guest.client.leave()
        var count = 0
        for await _ in guest.client.events { count += 1 }
        #expect(count == 0)
    }

    @Test("that is cancelled stops, and its events end")
    func cancellation() async throws {
        let guest = Guest("Ann", FakeServer(), secret: secret)
        let events = guest.client.events
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await guest.client.run() }
            var isCancelled = false
            for await event in events where event.joined != nil && !isCancelled {
                isCancelled = true
                group.cancelAll()
            }
            #expect(isCancelled)
        }
    }

    @Test("survives whatever a hostile server says, and is in the room again")
    func hostileServer() async throws {
        let server = FakeServer()
        let ann = Guest("Ann", server, secret: secret)
        let bob = Guest("Bob", server, secret: secret)
        let nobody = AttachmentID(999_999)
        let lies: [ServerFrame] = [
            .appended(ServerFrame.Appended(id: .random(), sequence: 1, duplicate: false)),
            .conflict(id: .random(), epoch: 1),
            .refused(id: .random(), reason: .full),
            .unavailable(id: .random(), certain: false),
            .entry(ServerFrame.Entry(sequence: 0, sender: nobody, kind: .message, payload: [])),
            .entry(ServerFrame.Entry(sequence: .max, sender: nobody, kind: .commit, payload: [1])),
            .spliced, .pong(7), .unanswered, .degraded, .restored,
            .answered(ServerFrame.Answered(doorkeeper: nobody, payload: [1, 2, 3])),
            .knocked(ServerFrame.Knocked(knock: KnockID(1), newcomer: nobody, payload: [1])),
            .presence(Presence(attachment: AttachmentID(0), state: .here)),
            .gap(ServerFrame.Gap(through: .max, count: .max)),
            .goodbye(.tooSlow), .goodbye(.protocolError), .goodbye(.shuttingDown),
        ]
        try await together([ann, bob]) {
            _ = try await ann.witness.waitToJoin()
            _ = try await bob.witness.waitToJoin()
            for (number, lie) in lies.enumerated() {
                server.inject([lie, lie])
                server.cutAll()
                server.restart()
                _ = try await ann.client.say("after lie \(number)")
                let texts = try await bob.witness.waitForTexts(number + 1)
                #expect(texts.last == "after lie \(number)")
            }
        }
    }
}

extension ClientEvent {
    var uncertain: MessageID? { if case .uncertain(let id) = self { id } else { nil } }
    var isUncertain: Bool { uncertain != nil }
}
