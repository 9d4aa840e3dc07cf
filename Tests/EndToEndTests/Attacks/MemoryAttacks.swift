import Foundation
import NIOCore
import TLSSyntax
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension EndToEnd {
    /// What a stranger can make a server keep in memory, and what others feel of it. They are all
    /// at one address and have no link of the room that is attacked.
    @Suite("Attacks on memory", .enabled(if: Memory.isKnown, "/proc does not tell it here"))
    struct MemoryAttacks {
        /// More than one address may make a server hold, with what an allocator leaves unused.
        private static let bound = 160 << 20
        /// What may be left of it afterwards.
        private static let rest = 48 << 20

        @Test(
            "frames that never end and readers that never read cost a bounded amount, for a while",
            .timeLimit(.minutes(2)))
        func held() async throws {
            let world = try World()
            let server = try await world.serve()
            let others = try await Bystanders.begin(in: world, on: server)
            let memory = Memory(of: server)
            let before = try memory.resident()

            // 300 MiB in a hundred frames that lack their last bytes.
            let halves = try await Self.halfFrames(count: 100, at: server)
            try await memory.settle()
            let afterHalves = try memory.resident() - before
            try await others.goesOn("with half frames")

            // 12 MiB for sixty who read nothing of it.
            let deaf = try await Self.deafReaders(count: 60, commits: 3, at: server)
            try await memory.settle()
            let afterCommits = try memory.resident() - before
            try await others.goesOn("with deaf readers")
            print("memory: \(afterHalves >> 20) MiB for frames, \(afterCommits >> 20) with commits")
            #expect(afterHalves < Self.bound && afterCommits < Self.bound)

            for client in halves + deaf { await client.connection.close() }
            try await memory.falls(below: before + Self.rest)
            try await others.goesOn("afterwards")
        }

        @Test(
            "readers that never read, and say something themselves, cost a bounded amount",
            .timeLimit(.minutes(10)))
        func neverReaders() async throws {
            let world = try World()
            // Little is kept for those who come back, so that what waits is what is seen here.
            let server = try await world.serve(options: ["--max-mebibytes", "16"])
            let others = try await Bystanders.begin(in: world, on: server)
            let memory = Memory(of: server)
            let before = try memory.resident()
            var speakers: [HostileClient] = []
            var readers: [HostileClient] = []
            for _ in 0..<(Soak.isWhole ? 15 : 5) {
                let access = RoomSecret().accessKey
                speakers.append(try await HostileClient(port: server.port, access: access))
                readers += try await HostileClient.many(20, port: server.port) { access }
            }
            for reader in readers { try await reader.connection.setReading(false) }
            var most = 0
            for _ in 0..<(Soak.isWhole ? 600 : 150) {
                for speaker in speakers {
                    speaker.connection.sendLoosely(bytes: Self.burst(50, size: 1000))
                }
                // Each has an answer of its own in the midst of what goes to all.
                for reader in readers { reader.connection.sendLoosely(bytes: Self.burst(1)) }
                try await Task.sleep(for: .milliseconds(100))
                most = max(most, try memory.resident() - before)
            }
            print("memory: \(most >> 20) MiB for \(readers.count) readers that never read")
            #expect(most < Self.bound)
            try await others.goesOn("under attack", within: .seconds(60))
            for client in readers + speakers { await client.connection.breakOff() }
            try await others.goesOn("afterwards")
            try await memory.falls(below: before + Self.rest)
        }

        @Test("a server with little address space outlives it", .timeLimit(.minutes(5)))
        func littleAddressSpace() async throws {
            let world = try World()
            let count = Soak.isWhole ? 400 : 120
            let kibibytes = Soak.isWhole ? 1536 << 10 : 700 << 10
            let server = try await world.serve(shell: "ulimit -v \(kibibytes)")
            let others = try await Bystanders.begin(in: world, on: server)
            let halves = try await Self.halfFrames(count: count, at: server)
            try await others.goesOn("at the end of the attack")
            for half in halves { await half.connection.breakOff() }
            try await others.goesOn("afterwards")
        }

        @Test(
            "a stranger who fills the store keeps no room from being founded, or from talking",
            .timeLimit(.minutes(3)))
        func fullStore() async throws {
            let world = try World()
            let limit = 8
            let server = try await world.serve(options: ["--max-mebibytes", "\(limit)"])
            let others = try await Bystanders.begin(in: world, on: server)
            let memory = Memory(of: server)
            let before = try memory.resident()
            let strangers = try await HostileClient.strangers(27, at: server)
            // Three times what the store holds, of entries without a byte.
            for round in 0..<5 {
                for stranger in strangers {
                    stranger.connection.sendLoosely(bytes: Self.burst(500))
                }
                try await others.goesOn("in round \(round)")
            }
            for stranger in strangers { try await stranger.isHeard() }
            let grown = try memory.resident() - before
            print("memory: \(grown >> 20) MiB for a store of \(limit)")
            #expect(grown < (limit + 24) << 20)
            for _ in 0..<3 {
                for stranger in strangers {
                    stranger.connection.sendLoosely(bytes: Self.burst(50))
                }
                let fresh = try await Bystanders.begin(in: world, on: server)
                try await fresh.goesOn("in a fresh room")
            }
            try await others.goesOn("at the end")
        }

        @Test("a stranger's own numbers tell nothing of others", .timeLimit(.minutes(1)))
        func numbers() async throws {
            let world = try World()
            let server = try await world.serve()
            let others = try await Bystanders.begin(in: world, on: server)
            let stranger = try await HostileClient(strangerAt: server)
            var last = stranger.attached.position.sequence
            var steps: [UInt64] = []
            for round in 0..<40 {
                if round % 5 == 0 { try await others.goesOn("\(round)") }
                try await stranger.append([])
                let number = try await stranger.connection.nextAppended().sequence
                steps.append(number - last)
                last = number
            }
            // Others said eight messages, and each step is of the stranger's own log alone.
            #expect(steps.allSatisfy { (1...16).contains($0) }, "\(steps)")
            #expect(Set(steps).count > 4, "they cannot be counted with")
        }

        // MARK: What a stranger sends

        /// So many entries, without a byte unless a size is given.
        private static func burst(_ count: Int, size: Int = 0) -> [UInt8] {
            var bytes: [UInt8] = []
            for _ in 0..<count {
                let append = ClientFrame.append(
                    .init(
                        id: .random(), kind: .message, epoch: 0,
                        payload: [UInt8](repeating: 6, count: size)))
                bytes += frame(append.tlsEncoded)
            }
            return bytes
        }

        private static func frame(_ body: [UInt8], missing: Int = 0) -> [UInt8] {
            withUnsafeBytes(of: UInt32(body.count).bigEndian, Array.init) + body.dropLast(missing)
        }

        /// Attached clients that each send the first 3 MiB of an append.
        private static func halfFrames(
            count: Int, at server: World.Server
        ) async throws -> [HostileClient] {
            let clients = try await HostileClient.strangers(count, at: server)
            let append = ClientFrame.append(
                .init(
                    id: .random(), kind: .commit, epoch: 0,
                    payload: [UInt8](repeating: 6, count: 3 << 20)))
            let half = frame(append.tlsEncoded, missing: 1)
            await withTaskGroup { tasks in
                for client in clients {
                    // The server may close the connection in the midst of it.
                    tasks.addTask { try? await client.connection.send(bytes: half) }
                }
            }
            return clients
        }

        /// A room of clients that read nothing, while another appends the largest commits.
        private static func deafReaders(
            count: Int, commits: Int, at server: World.Server
        ) async throws -> [HostileClient] {
            let access = RoomSecret().accessKey
            let speaker = try await HostileClient(port: server.port, access: access)
            let clients = try await HostileClient.many(
                count, port: server.port, access: { access })
            for client in clients { try await client.connection.setReading(false) }
            for epoch in 0..<commits {
                try await speaker.append(
                    [UInt8](repeating: 6, count: FrameLimits.maximumHandshake), kind: .commit,
                    epoch: UInt64(epoch))
                try await speaker.connection.nextAppended()
            }
            return clients + [speaker]
        }
    }
}

extension HostileClient {
    /// Strangers with a room each.
    fileprivate static func strangers(
        _ count: Int, at server: World.Server
    ) async throws -> [HostileClient] {
        try await many(count, port: server.port) { RoomSecret().accessKey }
    }

    /// Clients whose kernel keeps little for them.
    fileprivate static func many(
        _ count: Int, port: UInt16, access: @escaping @Sendable () -> AccessKey
    ) async throws -> [HostileClient] {
        try await withThrowingTaskGroup { tasks in
            for _ in 0..<count {
                tasks.addTask {
                    try await HostileClient(port: port, access: access(), receiveBuffer: 4096)
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
    }

    /// Everything that it has said was heard.
    fileprivate func isHeard() async throws {
        try await connection.send(.ping(66))
        while let frame = try await connection.next() { if frame == .pong(66) { return } }
        throw Unexpected(frame: nil)
    }
}

/// Two people in a room who know nothing of the attack.
private struct Bystanders {
    let ann: Talker
    let bob: Talker

    static func begin(in world: World, on server: World.Server) async throws -> Bystanders {
        let link = try await world.newRoom(on: server)
        let ann = try await world.talker("ann", in: link)
        let bob = try await world.talker("bob", in: link)
        return Bystanders(ann: ann, bob: bob)
    }

    func goesOn(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try ann.say(text)
        try await bob.next("message", within: patience) { $0["text"].string == text }
    }
}

/// What the system says of a program's memory.
private struct Memory {
    private let path: String

    init(of server: World.Server) { path = "/proc/\(server.program.pid)/statm" }

    static let isKnown = FileManager.default.fileExists(atPath: "/proc/self/statm")

    /// Bytes of memory that it has.
    func resident() throws -> Int {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw Unmet("no pages: \(text)") }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Waits until it does not grow any more.
    func settle() async throws {
        var last = 0
        var now = try resident()
        while now > last + (1 << 20) {
            last = now
            try await Task.sleep(for: .milliseconds(200))
            now = try resident()
        }
    }

    /// Waits until it is less than so many bytes.
    func falls(below bound: Int, within patience: Duration = .seconds(30)) async throws {
        let end = ContinuousClock.now + patience
        while try resident() >= bound {
            guard ContinuousClock.now < end else {
                throw Unmet("\(try resident() >> 20) MiB are left; \(bound >> 20) may be")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
