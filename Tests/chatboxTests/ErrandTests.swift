import ChatUI
import Client
import Terminal
import Testing
import Wire

@testable import chatbox

@Suite("An errand", .timeLimit(.minutes(1)))
struct ErrandTests {
    private let signals = InputReader(poller: InputPoller(descriptor: -1, signals: []))
    private let joined = ClientEvent.joined(
        .init(
            me: Person(attachment: AttachmentID(1), name: "me", keyTag: "1"), standing: .newcomer,
            people: [Person(attachment: AttachmentID(2), name: "ann", keyTag: "2")]))

    /// A machine that is busy may run the two tasks in either order.
    @Test("that cannot reach the server says why, though the room's events end first")
    func failure() async throws {
        let room = ErrandRoom(failure: .cannotConnect(.unreachable("here")))
        let errand = Errand(session: room, text: "hello", files: [], recipient: nil)
        await #expect(throws: ClientFailure.cannotConnect(.unreachable("here"))) {
            try await errand.run(timeout: nil, signals: signals)
        }
        #expect(room.asked.isEmpty)
    }

    @Test("that has no time left leaves in good order")
    func timeOut() async throws {
        let room = ErrandRoom()
        room.tell(joined)
        let errand = Errand(session: room, text: "hello", files: [], recipient: nil)
        await #expect(throws: Problem.self) {
            try await errand.run(timeout: 0.2, signals: signals)
        }
        #expect(room.asked == ["say hello", "leave"])
    }

    @Test("whose file cannot be offered leaves in good order")
    func refused() async throws {
        let room = ErrandRoom(refusal: .file("it is gone"))
        room.tell(joined)
        let errand = Errand(session: room, text: nil, files: ["x"], recipient: nil)
        await #expect {
            try await errand.run(timeout: nil, signals: signals)
        } throws: { ($0 as? Problem)?.status == .noInput }
        #expect(room.asked == ["offer x", "leave"])
    }
}
