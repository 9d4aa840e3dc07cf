import Client
import Synchronization
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite("A listener that takes every file", .timeLimit(.minutes(1)))
struct AcceptAllTests {
    /// A room in which only two files are on their way at once.
    private final class NarrowRoom: RoomSession {
        private let accepted = Mutex<[Int]>([])
        private let free = Mutex(2)

        var numbers: [Int] { accepted.withLock { $0 } }
        func end() { free.withLock { $0 += 1 } }

        func accept(_ offer: OfferNumber) async throws(ClientRefusal) {
            let isFree = free.withLock { free in
                guard free > 0 else { return false }
                free -= 1
                return true
            }
            guard isFree else { throw .tooManyTransfers(limit: 2) }
            accepted.withLock { $0.append(offer.number) }
        }

        var events: AsyncStream<ClientEvent> { AsyncStream { nil } }
        var people: [Person] { [] }
        func run() async throws {}
        func say(_ text: String) async throws(ClientRefusal) -> MessageID { throw .left }
        func offer(
            path: String, to person: AttachmentID?
        ) async throws(ClientRefusal) -> OfferNumber { throw .left }
        func decline(_ offer: OfferNumber) async throws(ClientRefusal) {}
        func cancel(_ offer: OfferNumber) async throws(ClientRefusal) {}
        func leave() async {}
    }

    @Test("takes those beyond the most that go at once when others are done")
    func queued() async {
        let room = NarrowRoom()
        let errors = Mutex<[String]>([])
        let face = JSONFace(
            session: room, folder: "/in", acceptsAll: true,
            reader: InputReader(poller: InputPoller(descriptor: -1, signals: [])),
            write: { line in
                if line.contains(#""type":"error""#) { errors.withLock { $0.append(line) } }
                return true
            })
        for number in 1...4 { await face.handle(Samples.offer(number)) }
        #expect(room.numbers == [1, 2])
        room.end()
        await face.handle(Samples.transfer(.completed(fileName: "x"), number: 1))
        #expect(room.numbers == [1, 2, 3])
        room.end()
        await face.handle(Samples.transfer(.failed("no"), number: 2))
        #expect(room.numbers == [1, 2, 3, 4])
        #expect(errors.withLock { $0 }.isEmpty)
    }
}
