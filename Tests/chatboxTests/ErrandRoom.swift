import ChatUI
import Client
import Synchronization
import Wire

/// A room as an errand sees it, which does what a test tells it.
final class ErrandRoom: RoomSession {
    private let notes = Mutex<[String]>([])
    private let failure: ClientFailure?
    private let refusal: ClientRefusal?
    private let stream = AsyncStream<ClientEvent>.makeStream()
    private let over = AsyncStream<Void>.makeStream()

    /// - Parameters:
    ///   - failure: why the stay ends when its events have ended and were read.
    ///   - refusal: why files are not offered.
    init(failure: ClientFailure? = nil, refusal: ClientRefusal? = nil) {
        self.failure = failure
        self.refusal = refusal
    }

    /// What was asked for, in order.
    var asked: [String] { notes.withLock { $0 } }

    private func note(_ what: String) { notes.withLock { $0.append(what) } }

    func tell(_ event: ClientEvent) { stream.continuation.yield(event) }

    var events: AsyncStream<ClientEvent> {
        guard failure != nil else { return stream.stream }
        // The end was read, and whoever read it had every chance to go on, before `run` returns.
        return AsyncStream { [over] in
            Task {
                for _ in 0..<1000 { await Task.yield() }
                over.continuation.finish()
            }
            return nil
        }
    }

    func run() async throws {
        for await _ in over.stream {}
        if let failure { throw failure }
    }

    func say(_ text: String, isAction: Bool) async throws(ClientRefusal) -> MessageID {
        note("say \(text)")
        return MessageID(number: 1)
    }

    func offer(path: String, to person: AttachmentID?) async throws(ClientRefusal) -> OfferNumber {
        note("offer \(path)")
        if let refusal { throw refusal }
        return OfferNumber(1)
    }

    func leave() async {
        note("leave")
        stream.continuation.finish()
        over.continuation.finish()
    }

    // MARK: What no errand asks for

    func accept(_ offer: OfferNumber) async throws(ClientRefusal) {}
    func decline(_ offer: OfferNumber) async throws(ClientRefusal) {}
    func cancel(_ offer: OfferNumber) async throws(ClientRefusal) {}
    func admit(_ newcomer: AttachmentID) async throws(ClientRefusal) {}
    func refuse(_ newcomer: AttachmentID) async throws(ClientRefusal) {}
    func remove(_ person: AttachmentID) async throws(ClientRefusal) {}
    func rename(to name: String) async throws(ClientRefusal) {}
    func setVerified(_ isVerified: Bool, _ person: AttachmentID) async throws(ClientRefusal) {}
    func verification(of person: AttachmentID) async throws(ClientRefusal) -> Verification {
        throw .noSuchPerson
    }
    var people: [Person] { [] }
    var newcomers: [Newcomer] { [] }
    var unfinished: (messages: Int, transfers: Int) { (0, 0) }
    var receipts: (received: [Person], missing: [Person]) { ([], []) }
}
