import Synchronization
import TestSupport
import Testing
import Wire

@testable import Client

/// A server that talks without end and reads nothing.
private final class DeafServer: Connector, FrameLink {
    /// Batches that it has; far more than a client may answer while nothing is read.
    static let batches = 200
    private let told = Mutex(0)
    private let never = Channel<Int>()
    private let neverRead = Channel<Int>()

    var batchesRead: Int { told.withLock { $0 } }
    var serverKey: ServerKeyHash { ServerKeyHash(ofPublicKey: [1]) }

    func withLink<Result: Sendable>(
        _ body: @Sendable (any FrameLink) async throws -> Result
    ) async throws -> Result {
        guard batchesRead == 0 else { throw ConnectionError.unreachable("deaf") }
        return try await body(self)
    }

    func withTransfer<Result: Sendable>(
        token: TransferToken, access: AccessKey,
        _ body: @Sendable (any ByteLink) async throws -> Result
    ) async throws -> Result { throw ConnectionError.lost }

    func receive() async throws -> [ServerFrame]? {
        try Task.checkCancellation()
        let count = told.withLock { told in
            told += 1
            return told
        }
        switch count {
        case 1:
            let hello = ServerFrame.ServerHello(
                challenge: Challenge(), resumeSeconds: 120, agent: [])
            return [.challenge(hello)]
        case 2:
            let position = Position(log: .random(), sequence: 0)
            let attached = ServerFrame.Attached(
                standing: .founder, attachment: AttachmentID(5), token: .random(),
                position: position, epoch: 0, roster: [])
            return [.attached(attached)]
        case ...Self.batches: return Array(repeating: knock, count: 1000)
        default: return try await never.next().map { _ in [] }
        }
    }

    func send(_ frames: [ClientFrame]) async throws { _ = try await neverRead.next() }

    /// Each is answered.
    private var knock: ServerFrame {
        let newcomer = RoomMember(
            attachment: AttachmentID(6), name: Array("x".utf8), identityKey: [])
        return .knocked(
            ServerFrame.Knocked(
                knock: KnockID(1), newcomer: newcomer.attachment,
                payload: PlainGroup.encoded(newcomer)))
    }
}

@Suite("A hostile server", .oneAtATime, .timeLimit(.minutes(1)))
struct DeafServerTests {
    @Test("that reads nothing is not answered without end")
    func deaf() async throws {
        let server = DeafServer()
        let client = ChatClient(
            configuration: ClientConfiguration(name: "me", agent: "test"), link: RoomSecret(),
            identity: Identity(), connector: server, folder: nil, clock: FastClock(factor: 100),
            group: { PlainGroup($0) })
        async let stay: Void = client.run()
        for await event in client.events {
            guard case .connection(.reconnecting) = event else { continue }
            #expect(server.batchesRead < DeafServer.batches / 2)
            await client.leave()
        }
        try? await stay
    }

    @Test("progress that nobody reads fills no memory")
    func progress() async {
        let queue = EventQueue()
        for number in 0..<EventQueue.maximumEvents { queue.push(.notice("\(number)")) }
        let person = Person(attachment: AttachmentID(2), name: "", keyTag: "")
        func update(_ state: TransferUpdate.State) -> ClientEvent {
            .transfer(
                TransferUpdate(
                    number: OfferNumber(1), direction: .receiving, state: state, peer: person,
                    fileName: "x", bytes: 1, size: 2))
        }
        for _ in 0..<100 { queue.push(update(.running)) }
        queue.push(update(.cancelled))
        queue.finish()
        var transfers: [TransferUpdate.State] = []
        while let event = await queue.next() {
            if let state = event.transfer?.state { transfers.append(state) }
        }
        #expect(transfers == [.cancelled])
    }
}
