import Client
import Synchronization
import Terminal
import Testing

@testable import ChatUI

@Suite("A listener that takes every file", .timeLimit(.minutes(1)))
struct AcceptAllTests {
    @Test("takes those beyond the most that go at once when others are done")
    func queued() async {
        // A room in which only two files are on their way at once.
        let free = Mutex(2)
        let room = ScriptedRoom { _ in
            free.withLock { free in
                guard free > 0 else { return .tooManyTransfers(limit: 2) }
                free -= 1
                return nil
            }
        }
        func taken() -> [String] {
            var taken: [String] = []
            for asked in room.asked where !taken.contains(asked) { taken.append(asked) }
            return taken
        }
        let errors = Mutex<[String]>([])
        let face = JSONFace(
            session: room, link: nil, folder: "/in", acceptsAll: true,
            reader: InputReader(poller: InputPoller(descriptor: -1, signals: [])),
            write: { line in
                if line.contains(#""type":"error""#) { errors.withLock { $0.append(line) } }
                return true
            })
        for number in 1...4 { await face.handle(Samples.offer(number)) }
        #expect(taken() == ["accept 1", "accept 2", "accept 3"])
        free.withLock { $0 = 1 }
        await face.handle(Samples.transfer(.completed(fileName: "x"), number: 1))
        #expect(taken() == ["accept 1", "accept 2", "accept 3", "accept 4"])
        free.withLock { $0 = 1 }
        await face.handle(Samples.transfer(.failed("no"), number: 2))
        #expect(room.asked.last == "accept 4")
        #expect(room.asked.filter { $0 == "accept 3" }.count > 1)
        #expect(errors.withLock { $0 }.isEmpty)
    }

    @Test("says which one it cannot take")
    func refused() async {
        let room = ScriptedRoom { _ in .noFolder }
        let lines = Mutex<[String]>([])
        let face = JSONFace(
            session: room, link: nil, folder: nil, acceptsAll: true,
            reader: InputReader(poller: InputPoller(descriptor: -1, signals: [])),
            write: { line in
                lines.withLock { $0.append(line) }
                return true
            })
        await face.handle(Samples.offer(3))
        #expect(lines.withLock { $0.last }?.hasSuffix(#","offer":3}"# + "\n") == true)
    }
}
