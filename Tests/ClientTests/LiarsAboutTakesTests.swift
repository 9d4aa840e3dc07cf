import Folder
import Testing
import Wire

@testable import Client

/// What members can say who take files, and what one person at two places may.
extension LiarsInTheRoomTests {
    @Test("by repeating another's take neither gets the file nor disturbs them")
    func overheardTake() throws {
        var desk = desk()
        let people = people([2, 3])
        let offer = try offered(by: &desk, people)
        let taking = Taking(offer.file, of: me.attachment)
        desk.heard(.take(taking.take), from: ann, people: people, now: .zero)
        let token = try taking.secret(offer).token
        #expect(Array(desk.jobs.keys) == [token])
        _ = desk.takeActions()
        desk.heard(.take(taking.take), from: eve, people: people, now: .zero)
        #expect(desk.takeActions().isEmpty && desk.jobs.count == 1)
        desk.sendingEnded(
            token, .delivered(sha256: Array(repeating: 0, count: 32)), me: me, now: .zero)
        desk.heard(
            .received(file: offer.file, sender: me.attachment), from: ann, people: people,
            now: .zero)
        #expect(told(desk.takeActions()).last?.peer.attachment == ann)
        #expect(desk.unfinishedCount == 0)
    }

    @Test("who knows all that was said in the room cannot open a stream, nor find its token")
    func outsider() throws {
        let offering = Offering(7)
        let taking = Taking(offering.offer.file, of: me.attachment)
        let secret = try taking.secret(offering.offer)
        #expect(try offering.secret(taking).token == secret.token)
        // Eve has every public part, and a key of her own.
        let own = Taking(offering.offer.file, of: me.attachment)
        var mixed = Taking(offering.offer.file, of: me.attachment)
        mixed.take = taking.take
        var posing = Offering(7)
        posing.offer = offering.offer
        for other in [
            try own.secret(offering.offer), try mixed.secret(offering.offer),
            try posing.secret(taking),
        ] {
            #expect(other.token != secret.token && other.key != secret.key)
        }
    }

    @Test("with takes that nobody can agree on starts nothing")
    func senselessTake() throws {
        var desk = desk()
        let people = people([2])
        let offer = try offered(by: &desk, people)
        var take = Taking(offer.file, of: me.attachment).take
        take.agreement = Array(repeating: 0, count: 32)
        desk.heard(.take(take), from: ann, people: people, now: .zero)
        #expect(said(&desk) == [.cancel(file: offer.file, peer: ann, reason: .unknown)])
        take = Taking(offer.file, of: me.attachment, from: .max).take
        desk.heard(.take(take), from: ann, people: people, now: .zero)
        #expect(desk.jobs.isEmpty && desk.unfinishedCount == 0)
    }

    @Test("with takes beyond counting makes this client connect only so often")
    func takesWithoutEnd() throws {
        var desk = desk()
        let people = people([2])
        let offer = try offered(by: &desk, people)
        var count = 0
        var events = 0
        for millisecond in 0..<2000 {
            let now = Duration.milliseconds(millisecond)
            desk.heard(
                .take(Taking(offer.file, of: me.attachment).take), from: ann, people: people,
                now: now)
            if let deadline = desk.deadline, deadline <= now { desk.tick(people: people, now: now) }
            let actions = desk.takeActions()
            count += starts(actions)
            events += told(actions).count
            #expect(desk.jobs.count <= 1 && desk.unfinishedCount == 1)
        }
        let allowed = TransferDesk.streamStarts.burst + 2000 / 20
        #expect((allowed - 5...allowed + 5).contains(count))
        #expect(events <= 2 * allowed + 10)
    }

    @Test("who takes many files and nothing of them does not keep others from one")
    func allPlaces() throws {
        var desk = desk()
        let people = people([2, 3])
        let offers = try (0..<30).map { _ in try offered(by: &desk, people) }
        for offer in offers {
            desk.heard(
                .take(Taking(offer.file, of: me.attachment).take), from: eve, people: people,
                now: .zero)
        }
        #expect(desk.jobs.count == TransferDesk.maximumActive)
        let taking = Taking(offers[29].file, of: me.attachment)
        desk.heard(.take(taking.take), from: ann, people: people, now: .zero)
        // The first place that is free is for who has none.
        let token = try #require(desk.jobs.keys.first)
        desk.sendingEnded(token, .broken, me: me, now: .seconds(60))
        #expect(desk.jobs[try taking.secret(offers[29]).token] != nil)
    }

    @Test("who says that they have a file before it was sent is not believed")
    func receivedTooEarly() throws {
        var desk = desk()
        let people = people([2])
        let offer = try offered(by: &desk, people)
        let received = Content.received(file: offer.file, sender: me.attachment)
        desk.heard(received, from: ann, people: people, now: .zero)
        desk.heard(
            .take(Taking(offer.file, of: me.attachment).take), from: ann, people: people, now: .zero
        )
        desk.heard(received, from: ann, people: people, now: .zero)
        #expect(!told(desk.takeActions()).contains { $0.state.isCompleted })
        #expect(desk.unfinishedCount == 1)
    }

    @Test("cannot decline what is another's, nor be heard declining again and again")
    func declines() throws {
        var desk = desk()
        let people = people([2, 3])
        let closed = try offered(by: &desk, to: ann, people)
        let open = try offered(by: &desk, people)
        for _ in 0..<10 {
            for offer in [closed, open] {
                desk.heard(
                    .decline(file: offer.file, sender: me.attachment), from: eve, people: people,
                    now: .zero)
            }
        }
        let updates = told(desk.takeActions())
        #expect(updates.map(\.number) == [OfferNumber(2)])
        // Who declined may think again.
        desk.heard(
            .take(Taking(open.file, of: me.attachment).take), from: eve, people: people, now: .zero)
        #expect(desk.jobs.count == 1)
    }

    // MARK: One person at two places

    @Test("of an honest person at two places each takes for itself")
    func twoPlaces() throws {
        var desk = desk()
        let people = people([2, 3], sameAs: [3: 2])
        let offer = try offered(by: &desk, people)
        let one = Taking(offer.file, of: me.attachment)
        let two = Taking(offer.file, of: me.attachment)
        desk.heard(.take(one.take), from: ann, people: people, now: .zero)
        desk.heard(.take(two.take), from: eve, people: people, now: .zero)
        desk.met(ann, people: people, now: .zero)
        desk.met(eve, people: people, now: .zero)
        let tokens = Set([try one.secret(offer).token, try two.secret(offer).token])
        #expect(Set(desk.jobs.keys) == tokens && desk.unfinishedCount == 2)
        #expect(said(&desk).isEmpty)
    }

    @Test("what one place offers stays there when the same person comes to another")
    func offersStay() throws {
        let folder = try TemporaryFolder()
        var desk = desk(folder)
        var people = people([2, 3], sameAs: [3: 2])
        desk.heard(.offer(Offering(7).offer), from: ann, people: people, now: .zero)
        desk.met(eve, people: people, now: .zero)
        #expect(desk.incoming[OfferNumber(1)]?.sender == ann)
        // It goes to the other place when the first is no longer there.
        _ = people.update(Presence(attachment: ann, state: .away))
        desk.met(eve, people: people, now: .zero)
        #expect(desk.incoming[OfferNumber(1)]?.sender == eve)
    }
}
