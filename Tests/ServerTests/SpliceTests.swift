import NIOCore
import TestSupport
import Testing
import Wire

@testable import Server

@Suite("A splice on a server", .oneAtATime) struct SpliceTests {
    private let access = RoomSecret().accessKey

    private func pair(
        _ server: TestServer, token: TransferToken = .random()
    ) async throws -> (TestClient, TestClient) {
        let one = try await server.connect()
        try await one.transfer(access, token: token)
        let two = try await server.connect()
        try await two.transfer(access, token: token)
        #expect(try await one.next() == .spliced)
        #expect(try await two.next() == .spliced)
        return (one, two)
    }

    @Test("32 MiB go each way at once, whole", .timeLimit(.minutes(1)))
    func bothWays() async throws {
        let count = 32 << 20
        func block(_ seed: UInt8) -> [UInt8] {
            (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) ^ seed }
        }
        let blocks = [block(1), block(2)]
        try await TestServer.with { server in
            let (one, two) = try await pair(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (client, index) in [(one, 0), (two, 1)] {
                    group.addTask {
                        for _ in 0..<count >> 20 { try await client.send(bytes: blocks[index]) }
                    }
                    group.addTask {
                        for _ in 0..<count >> 20 {
                            let bytes = try await client.bytes(1 << 20)
                            #expect(bytes == ByteBuffer(bytes: blocks[1 - index]))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("bytes said before the other end came arrive first", .timeLimit(.minutes(1)))
    func early() async throws {
        try await TestServer.with { server in
            let token = TransferToken.random()
            let one = try await server.connect()
            try await one.transfer(access, token: token)
            try await one.send(bytes: Array("early ".utf8))
            let two = try await server.connect()
            try await two.transfer(access, token: token)
            #expect(try await one.next() == .spliced)
            try await one.send(bytes: Array("late".utf8))
            #expect(try await two.next() == .spliced)
            #expect(try await two.bytes(10) == ByteBuffer(string: "early late"))
        }
    }

    @Test(
        "the end of one side is passed on after its bytes, and the other may still speak",
        .timeLimit(.minutes(1)))
    func halfClose() async throws {
        try await TestServer.with { server in
            let (one, two) = try await pair(server)
            try await one.send(bytes: Array("all".utf8))
            try await one.closeOutput()
            #expect(try await two.bytes(100) == ByteBuffer(string: "all"))
            try await two.send(bytes: Array("thanks".utf8))
            try await two.closeOutput()
            #expect(try await one.bytes(100) == ByteBuffer(string: "thanks"))
            try await empty(server)
        }
    }

    @Test("when one end breaks off, the other is closed", .timeLimit(.minutes(1)))
    func breaking() async throws {
        try await TestServer.with { server in
            let (one, two) = try await pair(server)
            try await one.send(bytes: [1])
            #expect(try await two.bytes(1) == ByteBuffer(bytes: [1]))
            await one.breakOff()
            #expect(try await two.bytes(1).readableBytes == 0)
            try await empty(server)
        }
    }

    @Test(
        "a sender is slowed down to its receiver, and the server holds little",
        .timeLimit(.minutes(1)))
    func backPressure() async throws {
        try await TestServer.with { server in
            let (one, two) = try await pair(server)
            try await two.setReading(false)
            let block = [UInt8](repeating: 7, count: 1 << 20)
            let total = 48
            let sent = Task {
                for _ in 0..<total { try await one.send(bytes: block) }
            }
            // Chat and all else go on meanwhile.
            let (anna, _) = try await server.join(access)
            try await anna.say("still here", id: 1)
            try await anna.nextAppended()
            try await two.setReading(true)
            #expect(try await two.bytes(total << 20).readableBytes == total << 20)
            try await sent.value
        }
    }

    @Test("a used token is refused, a lonely one times out", .timeLimit(.minutes(1)))
    func tokens() async throws {
        var limits = TestServer.quickLimits
        limits.spliceWait = .milliseconds(100)
        try await TestServer.with(limits: limits) { server in
            let lonely = try await server.connect()
            try await lonely.transfer(access, token: .random())
            #expect(try await lonely.end() == .goodbye(.timeout))
        }
        try await TestServer.with { server in
            let token = TransferToken.random()
            let (_, _) = try await pair(server, token: token)
            let third = try await server.connect()
            try await third.transfer(access, token: token)
            #expect(try await third.end() == .goodbye(.tokenUsed))
        }
    }

    @Test("a splice that stands still is closed", .timeLimit(.minutes(1)))
    func idle() async throws {
        var limits = TestServer.quickLimits
        limits.spliceIdle = .milliseconds(100)
        try await TestServer.with(limits: limits) { server in
            let (one, two) = try await pair(server)
            #expect(try await one.bytes(1).readableBytes == 0)
            #expect(try await two.bytes(1).readableBytes == 0)
        }
    }

    /// Waits until the server has no connection left; each look goes through its loops.
    private func empty(_ server: TestServer) async throws {
        while await server.server.connectionCount > 0 { await Task.yield() }
    }
}
