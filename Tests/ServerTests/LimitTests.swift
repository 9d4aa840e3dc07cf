import NIOCore
import ServiceLifecycle
import TestSupport
import Testing
import Transport
import Wire

@testable import Server

@Suite("A server's limits", .oneAtATime) struct LimitTests {
    private let access = RoomSecret().accessKey

    @Test("a slow reader is cut off and resumes; nobody else notices", .timeLimit(.minutes(1)))
    func slowReader() async throws {
        var limits = TestServer.quickLimits
        limits.queuedBytes = 1 << 20
        limits.appendByteBurst = 200 << 20
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (berta, _) = try await server.join(access)
            let (slow, third) = try await server.join(access)
            try await slow.setReading(false)
            let text = String(repeating: "x", count: 60_000)
            var isAway = false
            var count = 0
            // Loopback's own buffers take some megabytes before the server's queue begins.
            while !isAway && count < 1000 {
                count += 1
                try await anna.say(text, id: UInt128(count))
                var answered = false
                while !answered {
                    switch try await anna.next() {
                    case .appended: answered = true
                    case .presence(let presence):
                        if presence == Presence(attachment: third.attachment, state: .away) {
                            isAway = true
                        }
                    case let frame: throw Unexpected(frame: frame)
                    }
                }
                #expect(try await berta.nextText().utf8.count == text.utf8.count)
            }
            #expect(isAway)
            try await slow.setReading(true)
            var last: UInt64 = third.position.sequence
            var goodbye: ServerFrame?
            while let frame = try await slow.next() {
                if case .entry(let entry) = frame { last = entry.sequence }
                goodbye = frame
            }
            #expect(goodbye == .goodbye(.tooSlow))
            let (again, fourth) = try await server.join(access, resume: third.resume(after: last))
            #expect(fourth.standing == .resumed)
            try await anna.say("end", id: 5000)
            while try await again.nextText() != "end" {}
        }
    }

    @Test("a replay may be longer than what may wait otherwise", .timeLimit(.minutes(1)))
    func longReplay() async throws {
        var limits = TestServer.quickLimits
        limits.queuedBytes = 100_000
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (berta, second) = try await server.join(access)
            await berta.breakOff()
            let text = String(repeating: "x", count: 60_000)
            for id in 1...100 {
                try await anna.say(text, id: UInt128(id))
                try await anna.nextAppended()
            }
            let (again, _) = try await server.join(access, resume: second.resume())
            for _ in 1...100 { #expect(try await again.nextText().utf8.count == 60_000) }
        }
    }

    @Test("who appends too fast is slowed down, and nothing is lost", .timeLimit(.minutes(1)))
    func throttle() async throws {
        var limits = TestServer.quickLimits
        limits.appendsPerSecond = 100
        limits.appendBurst = 10
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let start = ContinuousClock.now
            for id in 1...50 {
                try await anna.say("\(id)", id: UInt128(id))
                #expect(try await anna.nextAppended().id == AppendID(number: UInt128(id)))
            }
            #expect(ContinuousClock.now - start > .milliseconds(350))
        }
    }

    @Test("rooms, members and connections have their number", .timeLimit(.minutes(1)))
    func numbers() async throws {
        var limits = TestServer.quickLimits
        limits.rooms = 1
        limits.membersPerRoom = 1
        limits.connectionsPerAddress = 3
        try await TestServer.with(limits: limits) { server in
            let (_, _) = try await server.join(access)
            for access in [access, RoomSecret().accessKey] {
                let client = try await server.connect()
                let hello = try await client.hello()
                let proof = try access.prove(
                    .attach, challenge: hello.challenge, server: server.server.keyHash)
                try await client.send(.attach(.init(proof: proof)))
                #expect(try await client.end() == .goodbye(.full))
                await client.close()
            }
        }
        limits.connectionsPerAddress = 1
        try await TestServer.with(limits: limits) { server in
            let (_, _) = try await server.join(access)
            await #expect(throws: (any Error).self) { _ = try await server.connect() }
        }
    }

    @Test("at the cap the next connection waits until one ends", .timeLimit(.minutes(1)))
    func cap() async throws {
        var limits = TestServer.quickLimits
        limits.connections = 2
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (_, _) = try await server.join(access)
            let third = Task { try await server.join(access) }
            try await anna.say("still served", id: 1)
            try await anna.nextAppended()
            try await anna.send(.leave)
            #expect(try await anna.end() == .goodbye(.left))
            await anna.close()
            #expect(try await third.value.1.standing == .newcomer)
        }
    }

    @Test(
        "a stop tells every client and is quick, whoever does not listen", .timeLimit(.minutes(1)))
    func shutdown() async throws {
        var limits = TestServer.quickLimits
        limits.shutdownTime = .milliseconds(500)
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (deaf, _) = try await server.join(access)
            try await deaf.setReading(false)
            _ = try await PlainSocket.connect(server.address)
            try await anna.say("last words", id: 1)
            try await anna.nextAppended()
            let start = ContinuousClock.now
            await server.server.stop()
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await anna.end() == .goodbye(.shuttingDown))
            await #expect(throws: (any Error).self) { _ = try await server.connect() }
            await deaf.close()
        }
    }

    @Test(
        "as a service it runs until a graceful shutdown or a cancellation", .timeLimit(.minutes(1)))
    func service() async throws {
        try await TestServer.with { server in
            let (anna, _) = try await server.join(access)
            let running = Task { try await server.server.run() }
            running.cancel()
            try await running.value
            #expect(try await anna.end() == .goodbye(.shuttingDown))
        }
    }

    @Test(
        "a port in use, a foreign address and an unknown host are told apart",
        .timeLimit(.minutes(1)))
    func listening() async throws {
        try await TestServer.with { first in
            let port = try #require(first.address.port)
            func start(_ host: String?, _ port: Int) async throws {
                let server = try ChatServer(
                    configuration: ServerConfiguration(
                        listen: [.init(host: host, port: port)],
                        certificate: try ServerCertificate.temporary(), agent: "test"))
                try await server.start()
                await server.stop()
            }
            await #expect(throws: ServerError.portInUse(port)) {
                try await start("127.0.0.1", port)
            }
            await #expect(throws: ServerError.addressNotHere("192.0.2.1")) {
                try await start("192.0.2.1", 0)
            }
            await #expect(throws: ServerError.unknownHost(unknownHost)) {
                try await start(unknownHost, 0)
            }
            try await start(nil, 0)
        }
    }
}
