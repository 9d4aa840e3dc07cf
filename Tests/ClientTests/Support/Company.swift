import Crypto
import Folder
import Foundation
import Synchronization
import Testing
import Wire

@testable import Client

/// Everything that one client told, and a way to wait for more.
final class Witness: Sendable {
    private struct State {
        var events: [ClientEvent] = []
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var events: [ClientEvent] { state.withLock(\.events) }

    func watch(_ events: AsyncStream<ClientEvent>) async {
        for await event in events { note { $0.events.append(event) } }
        note { $0.isOver = true }
    }

    private func note(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits until `find` finds something in what was told so far.
    func wait<Found: Sendable>(
        for find: @Sendable ([ClientEvent]) -> Found?,
        _ location: SourceLocation = #_sourceLocation
    ) async throws -> Found {
        while true {
            try Task.checkCancellation()
            let (events, isOver) = state.withLock { ($0.events, $0.isOver) }
            if let found = find(events) { return found }
            try #require(!isOver, "the client ended", sourceLocation: location)
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state in
                        guard state.events.count == events.count, !state.isOver,
                            !Task.isCancelled
                        else { return false }
                        state.waiter = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                note { _ in }
            }
        }
    }

    var texts: [String] { events.compactMap(\.message?.text) }

    func waitForTexts(_ count: Int) async throws -> [String] {
        try await wait { events in
            let texts = events.compactMap(\.message?.text)
            return texts.count >= count ? texts : nil
        }
    }

    func waitToJoin(times: Int = 1) async throws -> ClientEvent.Joined {
        try await wait { events in
            let joins = events.compactMap(\.joined)
            return joins.count >= times ? joins.last : nil
        }
    }

    /// Waits for the first transfer update, from an index on, that `matches`.
    func waitForTransfer(
        after start: Int = 0, _ matches: @escaping @Sendable (TransferUpdate) -> Bool
    ) async throws -> TransferUpdate {
        try await wait { events in
            events.dropFirst(start).lazy.compactMap(\.transfer).first(where: matches)
        }
    }

    func waitForOffer() async throws -> IncomingOffer {
        try await wait { events in events.lazy.compactMap(\.offer).first }
    }
}

extension ClientEvent {
    var message: Message? { if case .message(let message) = self { message } else { nil } }
    var joined: Joined? { if case .joined(let joined) = self { joined } else { nil } }
    var transfer: TransferUpdate? { if case .transfer(let update) = self { update } else { nil } }
    var offer: IncomingOffer? { if case .offer(let offer) = self { offer } else { nil } }
    var sent: MessageID? { if case .sent(let id) = self { id } else { nil } }
    var missed: Bool { if case .missed = self { true } else { false } }
    var person: (Person, PersonChange)? {
        if case .person(let person, let change) = self { (person, change) } else { nil }
    }
}

extension TransferUpdate.State {
    var isCompleted: Bool { if case .completed = self { true } else { false } }
    var sentence: String? { if case .failed(let sentence) = self { sentence } else { nil } }
}

/// A client and what it told.
struct Guest: Sendable {
    let name: String
    let client: ChatClient
    let witness = Witness()
    let script: PlainScript

    init(
        _ name: String, _ server: FakeServer, secret: RoomSecret, identity: Identity = Identity(),
        folder: DestinationFolder? = nil, clock: any Clock<Duration> = FastClock(factor: 20),
        seed: UInt64? = nil, failure: ConnectionError? = nil, script: PlainScript = PlainScript(),
        isOnMLS: Bool = false, archive: (any PeopleArchive)? = nil
    ) {
        self.name = name
        self.script = script
        let plain: GroupFactory = { ScriptedGroup($0, script: script) }
        client = ChatClient(
            configuration: ClientConfiguration(name: name, agent: "test"), link: secret,
            identity: identity, connector: FakeConnector(server, failure: failure),
            folder: folder, archive: archive, clock: clock,
            random: SeededGenerator(seed ?? UInt64.random(in: 0 ... .max)),
            wallClock: isOnMLS ? .system : WallClock(now: { 50_520 }, offset: { _ in 0 }),
            group: isOnMLS ? ChatClient.group : plain)
    }

    /// Runs the client and its witness beside `body`.
    func present<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                do { try await client.run() } catch is CancellationError {}
                return nil
            }
            group.addTask {
                await witness.watch(client.events)
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}

/// Runs several clients beside `body`.
func together<Result: Sendable>(
    _ guests: [Guest], _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    guard let first = guests.first else { return try await body() }
    return try await first.present { try await together(Array(guests.dropFirst()), body) }
}

/// A folder that is deleted when it is let go.
final class TemporaryFolder: Sendable {
    let path: String
    let folder: DestinationFolder

    init() throws {
        path = NSTemporaryDirectory() + "chatbox-client-" + UUID().uuidString
        folder = try DestinationFolder(path: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], as name: String) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
}

func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed)
    let words = (0..<count / 8 + 1).map { _ in generator.next() }
    return words.withUnsafeBytes { Array($0.prefix(count)) }
}

func sha256(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}
