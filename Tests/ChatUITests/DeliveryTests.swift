import Client
import Testing
import Wire

@testable import ChatUI

@Suite struct DeliveryTests {
    private let id = MessageID(number: 1)
    private let one = OfferNumber(1)
    private let two = OfferNumber(2)

    private func update(
        _ state: TransferUpdate.State, _ number: Int = 1, of person: Person = Samples.ann,
        isSourceLost: Bool = false
    ) -> ClientEvent {
        .transfer(
            TransferUpdate(
                number: OfferNumber(number), direction: .sending, state: state, peer: person,
                fileName: "x", bytes: 0, size: 1, isSourceLost: isSourceLost))
    }

    /// Files that are offered to ann and ben, one second after the room was entered.
    private func offered(_ files: Int, to recipient: String? = nil) -> Delivery {
        var delivery = Delivery(files: files, recipient: recipient)
        _ = delivery.apply(Samples.joined(Samples.ann, Samples.ben), at: .seconds(1))
        delivery.offering()
        for number in 1...files {
            _ = delivery.offered(OfferNumber(number), path: "/x/file \(number)")
        }
        return delivery
    }

    // MARK: Text

    @Test("text is said when somebody is there, and delivered when the room has it")
    func text() {
        var delivery = Delivery(files: 0, recipient: nil, hasText: true)
        #expect(!delivery.isAlone)
        #expect(delivery.apply(Samples.joined(), at: .zero) == .wait)
        #expect(delivery.isAlone)
        #expect(delivery.apply(.person(Samples.ann, .arrived), at: .seconds(9)) == .say)
        delivery.saying()
        #expect(!delivery.isAlone && delivery.said(id) == .wait)
        #expect(delivery.apply(.sent(MessageID(number: 2)), at: .seconds(9)) == .wait)
        #expect(delivery.apply(.sent(id), at: .seconds(9)) == .done)
        #expect(delivery.failure == nil)
    }

    @Test("an acknowledgement that comes first counts")
    func early() {
        var delivery = Delivery(files: 0, recipient: nil)
        _ = delivery.apply(Samples.joined(), at: .zero)
        _ = delivery.apply(.sent(id), at: .zero)
        #expect(delivery.said(id) == .done)
    }

    @Test("it is said when nobody knows whether the text arrived")
    func uncertain() {
        var delivery = Delivery(files: 0, recipient: nil)
        _ = delivery.apply(Samples.joined(), at: .zero)
        _ = delivery.said(id)
        #expect(delivery.apply(.uncertain(id), at: .zero) == .done)
        #expect(delivery.failure?.kind == .temporary)
    }

    // MARK: Nobody to wait for

    @Test("nobody is waited for without end", arguments: [0, 1])
    func alone(files: Int) throws {
        var delivery = Delivery(files: files, recipient: nil, hasText: files == 0)
        #expect(delivery.deadline == .seconds(60))
        _ = delivery.apply(Samples.joined(), at: .seconds(5))
        let deadline = try #require(delivery.deadline)
        #expect(deadline == .seconds(15))
        #expect(delivery.tick(at: .seconds(14)) == .wait)
        #expect(delivery.tick(at: deadline) == .done)
        #expect(delivery.failure?.kind == .nobody)
        #expect(delivery.failure?.sentence.hasPrefix("nobody is in the room") == true)
    }

    @Test("nor is the person named, when somebody else is there")
    func absentee() throws {
        var delivery = Delivery(files: 1, recipient: "cid")
        #expect(delivery.apply(Samples.joined(Samples.ben), at: .zero) == .wait)
        #expect(delivery.status == "waiting for cid to come; Ctrl-C gives up")
        #expect(delivery.tick(at: try #require(delivery.deadline)) == .done)
        #expect(delivery.failure?.kind == .nobody)
        #expect(delivery.failure?.sentence.hasPrefix("nobody called cid") == true)
    }

    @Test("with a time-out they are waited for until then, and it is said for whom")
    func patient() {
        var delivery = Delivery(files: 1, recipient: "ann", patience: .untilTimeout)
        _ = delivery.apply(Samples.joined(), at: .zero)
        #expect(delivery.deadline == nil)
        let arrives = ClientEvent.person(Samples.ann, .arrived)
        #expect(delivery.apply(arrives, at: .seconds(500)) == .offer(to: Samples.ann.attachment))
        delivery.offering()
        _ = delivery.offered(one, path: "a")
        #expect(delivery.timeOut() == .done)
        #expect(delivery.failure?.kind == .temporary)
    }

    @Test("a room that is not entered, and a connection that does not come back, are given up")
    func connection() throws {
        var outside = Delivery(files: 1, recipient: nil)
        #expect(outside.tick(at: .seconds(60)) == .done)
        #expect(outside.failure?.kind == .temporary)
        var delivery = offered(1)
        #expect(delivery.deadline == nil)
        let breaks = ClientEvent.connection(.reconnecting(after: .seconds(1)))
        _ = delivery.apply(breaks, at: .seconds(10))
        _ = delivery.apply(.connection(.connected), at: .seconds(11))
        #expect(delivery.deadline == nil)
        _ = delivery.apply(breaks, at: .seconds(20))
        _ = delivery.apply(breaks, at: .seconds(30))
        #expect(delivery.deadline == .seconds(140))
        #expect(delivery.tick(at: .seconds(140)) == .done)
        #expect(delivery.failure?.kind == .temporary)
    }

    // MARK: Files

    @Test("files are delivered when one has them and none takes them")
    func files() {
        var delivery = offered(2)
        #expect(delivery.apply(update(.running), at: .zero) == .wait)
        #expect(delivery.apply(update(.completed(fileName: "a")), at: .zero) == .wait)
        #expect(delivery.apply(update(.running, 2), at: .zero) == .wait)
        #expect(delivery.apply(update(.running, 2, of: Samples.ben), at: .zero) == .wait)
        #expect(delivery.apply(update(.failed("x"), 2), at: .zero) == .wait)
        let last = update(.completed(fileName: "b"), 2, of: Samples.ben)
        #expect(delivery.apply(last, at: .zero) == .done)
        #expect(delivery.failure == nil)
    }

    @Test("what is heard of a file before its number is known counts")
    func earlyFile() {
        var delivery = Delivery(files: 1, recipient: nil)
        let joined = Samples.joined(Samples.ann)
        #expect(delivery.apply(joined, at: .zero) == .offer(to: nil))
        delivery.offering()
        #expect(delivery.apply(update(.completed(fileName: "a")), at: .zero) == .wait)
        #expect(delivery.offered(one, path: "a") == .done)
    }

    @Test("one that everybody declined is over, and it is said by whom")
    func declined() {
        var delivery = offered(1)
        #expect(delivery.apply(update(.declined), at: .zero) == .wait)
        #expect(delivery.apply(update(.declined, of: Samples.ben), at: .zero) == .wait)
        #expect(delivery.apply(.settled(one), at: .zero) == .done)
        #expect(
            delivery.failure?.sentence
                == "file 1 was not delivered: ann declined it; ben declined it")
        #expect(delivery.failure?.kind == .temporary)
    }

    @Test("one that changed has a status of its own")
    func changed() {
        var delivery = offered(1)
        let lost = update(.failed("it changed"), of: Samples.me, isSourceLost: true)
        #expect(delivery.apply(lost, at: .zero) == .wait)
        #expect(delivery.apply(.settled(one), at: .zero) == .done)
        #expect(delivery.failure?.kind == .changed)
        #expect(delivery.failure?.sentence == "file 1 was not delivered: it changed")
    }

    @Test("of several it is said which got to nobody, and one is enough to fail")
    func mixed() {
        var delivery = offered(3)
        #expect(delivery.apply(update(.completed(fileName: "a"), 2), at: .zero) == .wait)
        let lost = update(.failed("it changed"), 1, of: Samples.me, isSourceLost: true)
        _ = delivery.apply(lost, at: .zero)
        _ = delivery.apply(.settled(one), at: .zero)
        _ = delivery.apply(update(.declined, 3), at: .zero)
        #expect(delivery.apply(.settled(OfferNumber(3)), at: .zero) == .done)
        #expect(delivery.failure?.kind == .temporary)
        #expect(
            delivery.failure?.sentence
                == "2 of 3 files were not delivered: file 1 (it changed), file 3 (ann declined it)")
    }

    @Test("a person is told what it waits for")
    func status() {
        var delivery = offered(2)
        #expect(
            delivery.status == "waiting for ann or ben to accept 2 files; Ctrl-C takes them back")
        _ = delivery.apply(update(.running), at: .zero)
        #expect(delivery.status == "waiting for ann or ben to accept file 2; Ctrl-C takes it back")
        _ = delivery.apply(update(.running, 2), at: .zero)
        #expect(delivery.status == nil)
        #expect(
            offered(1, to: "ben").status
                == "waiting for ben to accept file 1; Ctrl-C takes it back")
    }

    @Test("what cannot be waited for ends it with the reason", arguments: Outside.allCases)
    func outside(why: Outside) {
        var delivery = Delivery(files: 0, recipient: nil, hasText: true)
        let step = delivery.apply(.outside(why), at: .zero)
        let isObstacle = [.otherSuite, .otherClock].contains(why)
        #expect(step == (isObstacle ? .done : .wait))
        #expect(delivery.failure?.sentence == why.obstacle)
        #expect(isObstacle == (why.obstacle != nil))
    }
}
