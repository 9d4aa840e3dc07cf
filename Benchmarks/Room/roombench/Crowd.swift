import Client
import Synchronization
import Transport
import Wire

/// Clients in one room.
final class Crowd: Sendable {
    private struct State {
        var clients: [ChatClient] = []
        /// Those who came in, and how often that happened: who falls out comes in anew.
        var members: Set<Int> = []
        var joins = 0
        var heard = 0
        var mishaps: [String: Int] = [:]
    }

    private let address: ServerAddress
    private let trust: Link.Trust
    private let options: RoomOptions
    private let secret = RoomSecret()
    private let state = Mutex(State())
    private let wanted = AsyncStream<Int>.makeStream()

    init(address: ServerAddress, trust: Link.Trust, options: RoomOptions) {
        self.address = address
        self.trust = trust
        self.options = options
    }

    /// Asks for so many more.
    func add(_ count: Int) { wanted.continuation.yield(count) }

    func end() { wanted.continuation.finish() }

    /// Runs all clients until `end`.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for await count in wanted.stream {
                for _ in 0..<count {
                    let (number, client) = try makeClient()
                    group.addTask { try await client.run() }
                    group.addTask { await self.follow(number, client) }
                }
            }
            group.cancelAll()
        }
    }

    private func makeClient() throws -> (Int, ChatClient) {
        let connector = try ClientConnector(address: address, trust: trust, agent: "roombench")
        let number = state.withLock { $0.clients.count }
        let client = ChatClient(
            configuration: ClientConfiguration(
                name: "member \(number)", agent: "roombench", options: options),
            link: secret, identity: Identity(), connector: connector, folder: nil)
        state.withLock { $0.clients.append(client) }
        return (number, client)
    }

    private func follow(_ number: Int, _ client: ChatClient) async {
        for await event in client.events {
            switch event {
            case .joined:
                state.withLock {
                    $0.members.insert(number)
                    $0.joins += 1
                }
            case .message: state.withLock { $0.heard += 1 }
            case .connection(.reconnecting): note("connections broken")
            case .missed: note("gaps")
            case .outside(let why): note("\(why)")
            case .warning(let warning): note(warning.kind.rawValue)
            default: break
            }
        }
    }

    private func note(_ mishap: String) {
        state.withLock { $0.mishaps[mishap, default: 0] += 1 }
    }

    /// How many are in, and what did not go well so far.
    var summary: String {
        let state = state.withLock { $0 }
        let mishaps = state.mishaps.sorted { $0.key < $1.key }.map { ", \($0.value) \($0.key)" }
        return "\(state.members.count) of \(state.clients.count) in" + mishaps.joined()
    }

    // MARK: Waiting

    func waitForMembers(_ count: Int) async throws {
        while state.withLock(\.members.count) < count {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Until what came before has been taken in, and nobody who fell out is on the way back.
    func settle() async throws {
        var joins: Int
        repeat {
            joins = state.withLock(\.joins)
            let isLarge = state.withLock(\.clients.count) > 300
            try await Task.sleep(for: .seconds(isLarge ? 20 : 2))
        } while joins < state.withLock(\.joins)
    }

    /// Members say something by turns; returns when all have heard all.
    func talk(messages: Int, rate: Double) async throws {
        let (clients, before) = state.withLock { ($0.clients, $0.heard) }
        let clock = ContinuousClock()
        let start = clock.now
        for number in 0..<messages {
            try await clock.sleep(until: start + .seconds(Double(number) / rate))
            _ = try await clients[number * 7 % clients.count].say("message number \(number)")
        }
        let goal = before + messages * (clients.count - 1)
        while state.withLock({ $0.heard }) < goal { try await Task.sleep(for: .milliseconds(5)) }
    }
}
