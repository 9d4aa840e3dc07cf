import MLS
import Testing
import Wire

@testable import Client

/// What a server that lies can do, and what people see of it.
///
/// In all of these the storm's own account holds besides: nobody hears what was not said, from
/// another than who said it, out of order, or what was sealed before they came in.
@Suite("A server that lies", .serialized)
struct LyingServerTests {
    typealias Kind = RoomWarning.Kind

    /// A room where these are in, on quick connections.
    func room(_ names: [String], needsApproval: Bool = false) -> Storm {
        let storm = Storm(seed: 1, needsApproval: needsApproval)
        storm.isCalm = true
        for name in names {
            storm.join(name)
            storm.advance(.seconds(1))
        }
        #expect(storm.clients.allSatisfy { $0.isInside })
        storm.hasLies = true
        return storm
    }

    func person(_ name: String, _ storm: Storm) throws -> StormClient {
        try #require(storm.clients.first { $0.name == name })
    }

    func three() throws -> (Storm, StormClient, StormClient, StormClient) {
        let storm = room(["ann", "bob", "cleo"])
        return (
            storm, try person("ann", storm), try person("bob", storm), try person("cleo", storm)
        )
    }

    func kinds(_ client: StormClient) -> Set<Kind> { Set(client.warnings.map(\.kind)) }

    /// All are in one epoch and hear each other.
    func expectHealed(_ storm: Storm) {
        storm.lie = nil
        storm.upLie = nil
        storm.becomeQuiet()
        storm.expectRosters()
        storm.callTheRoll()
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    func isMessage(_ frame: ServerFrame, of sender: AttachmentID?) -> Bool {
        if case .entry(let entry) = frame {
            entry.kind == .message && (sender == nil || entry.sender == sender)
        } else {
            false
        }
    }

    // MARK: Entries

    @Test("that speaks of a later epoch in one member's name throws nobody out")
    func laterEpoch() throws {
        let (storm, ann, bob, cleo) = try three()
        for reader in [ann, bob, cleo] {
            let author = reader === ann ? bob : ann
            guard let group = reader.group.membership?.group.groupID,
                let sender = author.attachment, let last = reader.position?.sequence
            else { return }
            var message = try forge(by: author)
            message.groupID = group
            message.epoch += 7
            storm.invent(
                [
                    .entry(
                        .init(
                            sequence: last + 1, sender: sender, kind: .message,
                            payload: MLSMessage.privateMessage(message).bytes))
                ], to: reader)
        }
        storm.advance(.seconds(10))
        // Each was shown another log, which is told; and some may come in again.
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        expectHealed(storm)
    }

    private func forge(by author: StormClient) throws -> PrivateMessage {
        let membership = try #require(author.group.membership)
        let sealed = try membership.group.encrypt([1, 2, 3])
        guard case .privateMessage(let message) = sealed else { throw CancellationError() }
        return message
    }

    // MARK: The whole room

}
