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
}
