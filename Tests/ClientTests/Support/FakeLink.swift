import Synchronization
import Wire

/// A room connection to the fake server.
final class FakeLink: FrameLink {
    private struct State {
        var attachment: AttachmentID?
        var budget: Int?
        var isCut = false
        var home: FakeServer?
    }

    let challenge = Challenge()
    let inbox = Channel<ServerFrame>()
    private let server: FakeServer
    private let state = Mutex(State())

    init(server: FakeServer) { self.server = server }

    var serverKey: ServerKeyHash { server.key }
    var isCut: Bool { state.withLock(\.isCut) }
    var attachment: AttachmentID? {
        get { state.withLock(\.attachment) }
        set { state.withLock { $0.attachment = newValue } }
    }

    /// The server of the room that it leads to, when that is not the first.
    var home: FakeServer? {
        get { state.withLock(\.home) }
        set { state.withLock { $0.home = newValue } }
    }

    /// The connection breaks after so many frames of both directions.
    func setBudget(_ frames: Int) { state.withLock { $0.budget = frames } }

    /// False when the connection breaks in front of this frame.
    func spend() -> Bool {
        state.withLock { state in
            guard let budget = state.budget else { return true }
            state.budget = budget - 1
            return budget > 0
        }
    }

    func deliver(_ frame: ServerFrame) { inbox.push(frame) }

    func cut() {
        state.withLock { $0.isCut = true }
        inbox.cut()
    }

    func receive() async throws -> [ServerFrame]? {
        guard let frames = try await inbox.next() else { return nil }
        var arrived: [ServerFrame] = []
        for frame in frames {
            guard spend() else {
                server.setFaults { $0.cutsDone += 1 }
                server.hang(up: self)
                break
            }
            arrived.append(frame)
        }
        guard !arrived.isEmpty else { throw ConnectionError.lost }
        return arrived
    }

    func send(_ frames: [ClientFrame]) async throws {
        try server.receive(frames, from: self)
    }
}

/// One end of a splice.
final class FakeByteLink: ByteLink {
    let inbox: Channel<[UInt8]>
    let outbox: Channel<[UInt8]>
    private let budget = Mutex<Int?>(nil)
    private let map: (@Sendable ([UInt8]) -> [UInt8])?

    init(
        inbox: Channel<[UInt8]>, outbox: Channel<[UInt8]>,
        map: (@Sendable ([UInt8]) -> [UInt8])?
    ) {
        self.inbox = inbox
        self.outbox = outbox
        self.map = map
    }

    /// The connection breaks after so many sends of this end.
    func setBudget(_ sends: Int?) { budget.withLock { $0 = sends } }

    func cut() {
        inbox.cut()
        outbox.cut()
    }

    func receive() async throws -> [UInt8]? { try await inbox.next()?.flatMap(\.self) }

    func send(_ bytes: [UInt8]) async throws {
        let isOver = budget.withLock { budget in
            guard let left = budget else { return false }
            budget = left - 1
            return left <= 0
        }
        if isOver {
            cut()
            throw ConnectionError.lost
        }
        try await outbox.waitForRoom()
        outbox.push(map?(bytes) ?? bytes)
    }
}

/// Makes connections to the fake server.
struct FakeConnector: Connector {
    let server: FakeServer
    /// Thrown instead of connecting.
    var failure: ConnectionError?

    init(_ server: FakeServer, failure: ConnectionError? = nil) {
        self.server = server
        self.failure = failure
    }

    func withLink<Result: Sendable>(
        _ body: @Sendable (any FrameLink) async throws -> Result
    ) async throws -> Result {
        if let failure { throw failure }
        let link = try server.accept()
        defer { server.hang(up: link) }
        return try await body(link)
    }

    func withTransfer<Result: Sendable>(
        token: TransferToken, access: AccessKey,
        _ body: @Sendable (any ByteLink) async throws -> Result
    ) async throws -> Result {
        server.state.withLock { $0.transferRooms.append(access.room) }
        let link = try await server.splice(token)
        defer { link.outbox.close() }
        do { return try await body(link) } catch {
            link.cut()
            throw error
        }
    }
}

extension FakeServer {
    /// Waits for the other end of a transfer.
    func splice(_ token: TransferToken) async throws -> FakeByteLink {
        let arrived = Channel<Void>()
        let link = try state.withLock { state -> FakeByteLink in
            guard state.faults.isUp else { throw ConnectionError.unreachable("fake:1") }
            if let first = state.waiting.removeValue(forKey: token) {
                let budget = transferBudget(in: &state)
                first.end.setBudget(budget)
                first.spliced.push(())
                let link = FakeByteLink(
                    inbox: first.end.outbox, outbox: first.end.inbox,
                    map: state.faults.mapTransfer)
                link.setBudget(budget)
                state.spliced.append(link)
                arrived.push(())
                return link
            }
            guard state.usedTokens.insert(token).inserted else {
                throw ConnectionError.goodbye(.tokenUsed)
            }
            let link = FakeByteLink(
                inbox: Channel(limit: 4), outbox: Channel(limit: 4),
                map: state.faults.mapTransfer)
            state.waiting[token] = (link, arrived)
            return link
        }
        return try await waitForOtherEnd(of: link, token: token, arrived: arrived)
    }

    private func waitForOtherEnd(
        of link: FakeByteLink, token: TransferToken, arrived: Channel<Void>
    ) async throws -> FakeByteLink {
        defer { _ = state.withLock { $0.waiting.removeValue(forKey: token) } }
        let clock = clock
        return try await withThrowingTaskGroup(of: FakeByteLink.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                _ = try await arrived.next()
                return link
            }
            group.addTask {
                try await clock.sleep(for: .seconds(30))
                throw ConnectionError.goodbye(.timeout)
            }
            guard let link = try await group.next() else { throw ConnectionError.lost }
            return link
        }
    }

    private func transferBudget(in state: inout State) -> Int? {
        guard state.faults.transferCuts > 0 else { return nil }
        state.faults.transferCuts -= 1
        state.faults.transferCutsDone += 1
        return Int.random(in: state.faults.piecesBeforeCut, using: &state.random)
    }
}
