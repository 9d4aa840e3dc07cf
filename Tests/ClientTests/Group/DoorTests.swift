import MLS
import Testing
import Wire

@testable import Client

@Suite("What is said at the door")
struct DoorTests {
    private let keys = RoomKeys(RoomSecret())
    private let log = LogID.random()

    private func notice(for newcomer: UInt64 = 1) -> DoorAnswer {
        .told(DoorNotice(.waiting, keys: keys, log: log, newcomer: AttachmentID(newcomer)))
    }

    @Test("opens for who has the link, and for nobody else")
    func sealing() {
        let sealed = notice().sealed(keys)
        #expect(DoorAnswer(sealed, keys: keys)?.encoded == notice().encoded)
        #expect(DoorAnswer(sealed, keys: RoomKeys(RoomSecret())) == nil)
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(DoorAnswer(changed, keys: keys) == nil)
        }
        #expect(DoorAnswer(Array(sealed.dropLast()), keys: keys) == nil)
        #expect(DoorAnswer([], keys: keys) == nil)
    }

    @Test("is never the same bytes twice, and an answer is no knock")
    func freshness() {
        let sealed = notice().sealed(keys)
        #expect(sealed != notice().sealed(keys))
        #expect(Knock(sealed, keys: keys, log: log, attachment: AttachmentID(1)) == nil)
        #expect(keys.open(sealed, "sealed knock") == nil)
    }

    @Test("does not tell the server who knocks, nor who is in")
    func secrecy() throws {
        let table = Table()
        var seen: [[UInt8]] = []
        table.eavesdrop = { seen.append($0) }
        let identities = [Client.Identity(), Client.Identity(), Client.Identity()]
        for (name, identity) in zip(["annabella", "bartholomew", "cassiopeia"], identities) {
            table.join(name, identity: identity)
            table.pass(.milliseconds(300))
        }
        #expect(table.seats.allSatisfy { $0.isInside } && seen.count >= 4)
        let secrets = ["annabella", "bartholomew", "cassiopeia"].map { Array($0.utf8) }
        for secret in secrets + identities.map(\.publicKey) {
            #expect(!seen.contains { $0.firstRange(of: secret) != nil })
        }
    }

    /// Somebody with another link, whom nobody can answer, and what that group is told to hear.
    private func outsider(at table: Table) throws -> (MLSRoomGroup, hear: ([UInt8]) -> Void) {
        table.join("ann")
        let group = table.join("eve", secret: RoomSecret()).group
        return (
            group,
            { payload in
                let entry = LogEntry(
                    sequence: 99, sender: AttachmentID(5), kind: .commit, payload: payload,
                    isOwn: false)
                _ = group.entry(entry, now: table.now)
            }
        )
    }

    @Test("nobody has founded who does not show that they have the link")
    func founding() throws {
        let table = Table()
        let (group, hear) = try outsider(at: table)
        for (keys, counts) in [(keys, false), (group.keys, true)] {
            let founding = Founding(
                groupID: [1], keys: keys, log: table.logID, founder: AttachmentID(5))
            hear(CommitEntry.founding(founding).encoded)
            #expect((group.seeking?.foundedAt != nil) == counts)
        }
    }

    @Test("who may have been let in by a commit waits for the answer before asking again")
    func patience() throws {
        let table = Table()
        let (group, hear) = try outsider(at: table)
        group.seeking?.isAsking = true
        hear(CommitEntry.commit([1]).encoded)
        _ = group.unanswered(now: table.now)
        #expect(group.seeking?.nextKnock == table.now + Seeking.answering)
    }
}
