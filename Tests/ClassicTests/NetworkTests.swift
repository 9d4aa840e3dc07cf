import Classic
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite("The original protocol on the network", .oneAtATime)
struct NetworkTests {
    private static let number: UInt8 = 198

    /// A server for the time of `body`, and what it reported.
    private func withServer(
        number: UInt8 = Self.number, limits: ClassicServer.Limits = .init(),
        _ body: (ClassicServer, AsyncStream<ClassicServer.Event>) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncStream.makeStream(of: ClassicServer.Event.self)
        let server = try await ClassicServer.start(
            at: .address(host: "127.0.0.1", port: 0), keyNumber: number, limits: limits
        ) { continuation.yield($0) }
        do {
            try await body(server, events)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func client(of server: ClassicServer) throws -> ClassicClient {
        try ClassicClient(host: "127.0.0.1", port: server.port)
    }

    private func wait(
        for event: ClassicServer.Event, in events: AsyncStream<ClassicServer.Event>
    ) async throws {
        for await found in events where found == event { return }
        Issue.record("the server's reports ended before \(event)")
    }

    private func frame(
        _ text: String, number: UInt8 = Self.number
    ) throws -> ClassicFrame {
        try ClassicFrame(.message(Array(text.utf8)), key: ClassicKey(number: number))
    }

    @Test("the key comes first, and what one says all others get, whole", .timeLimit(.minutes(1)))
    func conversation() async throws {
        let long = String(repeating: "a long story ", count: 100_000)
        try await withServer { server, events in
            try await client(of: server).withConnection { inbound, _ in
                var bob = inbound.makeAsyncIterator()
                #expect(try await bob.next() == .number(Self.number))
                try await client(of: server).withConnection { inbound, outbound in
                    var ann = inbound.makeAsyncIterator()
                    #expect(try await ann.next() == .number(Self.number))
                    try await self.wait(for: .came(count: 2), in: events)
                    for text in ["ann: So it starts!", "", long, "ann: Right?"] {
                        try await outbound.send(self.frame(text))
                        #expect(
                            try await bob.next() == .content(.message(Array(text.utf8))))
                    }
                }
                try await self.wait(for: .left(count: 1), in: events)
            }
        }
    }

    @Test("who comes later gets nothing of what was said before", .timeLimit(.minutes(1)))
    func lateJoiner() async throws {
        try await withServer { server, events in
            let ann = try PlainClient(port: server.port)
            try await client(of: server).withConnection { inbound, _ in
                var witness = inbound.makeAsyncIterator()
                _ = try await witness.next()
                try await self.wait(for: .came(count: 2), in: events)
                ann.write(try self.frame("ann: early").bytes)
                #expect(
                    try await witness.next() == .content(.message(Array("ann: early".utf8))))
                try await client(of: server).withConnection { inbound, _ in
                    var bob = inbound.makeAsyncIterator()
                    _ = try await bob.next()
                    try await self.wait(for: .came(count: 3), in: events)
                    ann.write(try self.frame("ann: late").bytes)
                    let heard = try await bob.next()
                    #expect(heard == .content(.message(Array("ann: late".utf8))))
                }
            }
        }
    }

    @Test("a server that stops resets every connection", .timeLimit(.minutes(1)))
    func reset() async throws {
        try await withServer { server, events in
            try await client(of: server).withConnection { inbound, _ in
                var iterator = inbound.makeAsyncIterator()
                _ = try await iterator.next()
                await server.stop()
                do throws(ClassicError) {
                    let more = try await iterator.next()
                    Issue.record("instead of a reset: \(String(describing: more))")
                } catch {
                    #expect(error == .reset)
                }
            }
        }
    }

    @Test("who sends something else is cut off, and the others stay", .timeLimit(.minutes(1)))
    func violation() async throws {
        try await withServer { server, events in
            try await client(of: server).withConnection { inbound, outbound in
                var ann = inbound.makeAsyncIterator()
                _ = try await ann.next()
                let socket = try PlainClient(port: server.port)
                try await self.wait(for: .came(count: 2), in: events)
                socket.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
                try await self.wait(for: .cutOff(.violation), in: events)
                let other = try PlainClient(port: server.port)
                try await self.wait(for: .came(count: 2), in: events)
                other.write(try self.frame("bob: still here?").bytes)
                #expect(
                    try await ann.next() == .content(.message(Array("bob: still here?".utf8))))
                try await outbound.send(self.frame("ann: yes"))
            }
        }
    }

    @Test("who reads nothing is cut off, and then the others go on", .timeLimit(.minutes(1)))
    func slow() async throws {
        var limits = ClassicServer.Limits()
        limits.patience = .milliseconds(200)
        // More than kernels hold for a connection.
        let count = 40
        let long = try frame(String(repeating: "x", count: 1 << 20))
        try await withServer(limits: limits) { server, events in
            let sleeper = try PlainClient(port: server.port)
            try await self.wait(for: .came(count: 1), in: events)
            try await client(of: server).withConnection { _, outbound in
                // Nobody reads anything, and so this would wait for ever if nobody were cut off.
                for _ in 0..<count { try await outbound.send(long) }
                try await self.wait(for: .cutOff(.slow), in: events)
            }
            // All of it was taken, and nobody has to read it against time.
            try await self.wait(for: .left(count: 0), in: events)
            sleeper.close()
            try await client(of: server).withConnection { inbound, _ in
                var bob = inbound.makeAsyncIterator()
                _ = try await bob.next()
                try await client(of: server).withConnection { _, outbound in
                    try await self.wait(for: .came(count: 2), in: events)
                    try await outbound.send(self.frame("ann: after"))
                    #expect(try await bob.next() == .content(.message(Array("ann: after".utf8))))
                }
            }
        }
    }

    @Test("unfinished messages have a limit together", .timeLimit(.minutes(1)))
    func crowded() async throws {
        var limits = ClassicServer.Limits()
        limits.maximumUnfinished = 1 << 20
        try await withServer(limits: limits) { server, events in
            let small = try PlainClient(port: server.port)
            let large = try PlainClient(port: server.port)
            try await self.wait(for: .came(count: 2), in: events)
            let header = ClassicHeader(kind: .message, length: 2 << 20).encoded
            small.write(header + [1, 2, 3])
            large.write(header + [UInt8](repeating: 1, count: 1 << 20))
            try await self.wait(for: .cutOff(.crowded), in: events)
            try await self.wait(for: .left(count: 1), in: events)
            small.close()
        }
    }

    @Test("a full server turns away", .timeLimit(.minutes(1)))
    func full() async throws {
        var limits = ClassicServer.Limits()
        limits.maximumClients = 1
        try await withServer(limits: limits) { server, events in
            let first = try PlainClient(port: server.port)
            try await self.wait(for: .came(count: 1), in: events)
            try await client(of: server).withConnection { inbound, _ in
                var iterator = inbound.makeAsyncIterator()
                let first = try await iterator.next()
                #expect(first == nil)
            }
            try await self.wait(for: .turnedAway, in: events)
            first.close()
        }
    }

    @Test("what answers with something else is told so", .timeLimit(.minutes(1)))
    func otherServer() async throws {
        try await withServer { server, events in
            let listener = try PlainListener(says: Array("SSH-2.0-x\r\n".utf8))
            try await ClassicClient(host: "127.0.0.1", port: listener.port)
                .withConnection { inbound, _ in
                    var iterator = inbound.makeAsyncIterator()
                    await #expect(throws: ClassicError.notClassic) { try await iterator.next() }
                }
        }
    }

    @Test("a port that is taken is told so", .timeLimit(.minutes(1)))
    func taken() async throws {
        try await withServer { server, _ in
            await #expect(throws: ClassicError.self) {
                _ = try await ClassicServer.start(
                    at: .address(host: "127.0.0.1", port: server.port), keyNumber: 0
                ) { _ in }
            }
        }
    }

    @Test("nobody there is told so", .timeLimit(.minutes(1)))
    func nobody() async throws {
        let port = try PlainListener(says: []).portAfterClosing()
        await #expect(throws: ClassicError.unreachable) {
            try await ClassicClient(host: "127.0.0.1", port: port).withConnection { _, _ in }
        }
    }
}
