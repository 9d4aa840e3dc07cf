import ChatUI
import Client
import Synchronization
import Wire

/// A room that does what a test tells it, and notes what is asked of it.
final class ScriptedRoom: RoomSession {
    private let notes = Mutex<[String]>([])
    private let count = Mutex(0)
    private let answer: @Sendable (String) -> ClientRefusal?
    let here: [Person]
    let stream = AsyncStream<ClientEvent>.makeStream()

    /// - Parameter answer: why something is refused; nil when it is done.
    init(
        people: [Person] = [], answer: @escaping @Sendable (String) -> ClientRefusal? = { _ in nil }
    ) {
        here = people
        self.answer = answer
    }

    /// What was asked for, in order.
    var asked: [String] { notes.withLock { $0 } }

    private func note(_ what: String) throws(ClientRefusal) {
        notes.withLock { $0.append(what) }
        if let refusal = answer(what) { throw refusal }
    }

    private func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }

    var events: AsyncStream<ClientEvent> { stream.stream }
    func run() async throws {}

    func say(_ text: String, isAction: Bool) async throws(ClientRefusal) -> MessageID {
        try note(isAction ? "act \(text)" : "say \(text)")
        return MessageID(number: UInt128(next()))
    }

    func offer(
        path: String, to person: AttachmentID?
    ) async throws(ClientRefusal) -> OfferNumber {
        try note("offer \(path) to \(person.map { String($0.number) } ?? "all")")
        return OfferNumber(next())
    }

    func accept(_ offer: OfferNumber) async throws(ClientRefusal) {
        try note("accept \(offer.number)")
    }
    func decline(_ offer: OfferNumber) async throws(ClientRefusal) {
        try note("decline \(offer.number)")
    }
    func cancel(_ offer: OfferNumber) async throws(ClientRefusal) {
        try note("cancel \(offer.number)")
    }
    func admit(_ newcomer: AttachmentID) async throws(ClientRefusal) {
        try note("admit \(newcomer.number)")
    }
    func refuse(_ newcomer: AttachmentID) async throws(ClientRefusal) {
        try note("refuse \(newcomer.number)")
    }
    func remove(_ person: AttachmentID) async throws(ClientRefusal) {
        try note("remove \(person.number)")
    }
    func rename(to name: String) async throws(ClientRefusal) { try note("rename \(name)") }
    func setVerified(_ isVerified: Bool, _ person: AttachmentID) async throws(ClientRefusal) {
        try note("verified \(isVerified) \(person.number)")
    }

    func verification(of person: AttachmentID) async throws(ClientRefusal) -> Verification {
        try note("verification \(person.number)")
        guard let person = here.first(where: { $0.attachment == person }) else {
            throw .noSuchPerson
        }
        return Verification(person: person, number: "12345 67890 12345 67890 12345 67890")
    }

    var people: [Person] { here }
    var newcomers: [Newcomer] { [] }
    var unfinished: (messages: Int, transfers: Int) { (0, 0) }
    var receipts: (received: [Person], missing: [Person]) {
        (Array(here.prefix(1)), Array(here.dropFirst()))
    }
    func leave() async { stream.continuation.finish() }
}
