import ChatUI
import Client
import Testing
import Wire

@Suite struct DeliveryTests {
    private let id = MessageID(number: 1)

    @Test("text is delivered when the room has it, and not before the room was entered")
    func text() {
        var delivery = Delivery(files: 0, recipient: nil)
        #expect(delivery.said(id) == .wait)
        #expect(delivery.waitingFor == "the room could not be entered")
        #expect(delivery.apply(Samples.joined()) == .wait)
        #expect(delivery.waitingFor == "the text was not acknowledged")
        #expect(delivery.apply(.sent(MessageID(number: 2))) == .wait)
        #expect(delivery.apply(.sent(id)) == .done)
    }

    @Test("text is said when somebody is there, and not into an empty room")
    func emptyRoom() {
        var delivery = Delivery(files: 0, recipient: nil, hasText: true)
        #expect(!delivery.isAlone)
        #expect(delivery.apply(Samples.joined()) == .wait)
        #expect(delivery.isAlone && delivery.waitingFor == "nobody came to hear the text")
        #expect(delivery.apply(.person(Samples.ann, .arrived)) == .say)
        delivery.saying()
        #expect(!delivery.isAlone && delivery.said(id) == .wait)
        #expect(delivery.apply(.sent(id)) == .done)
    }

    @Test("text for a room where somebody is already is said at once")
    func notEmpty() {
        var delivery = Delivery(files: 0, recipient: nil, hasText: true)
        #expect(delivery.apply(Samples.joined(Samples.ann)) == .say)
    }

    @Test("an acknowledgement that comes first counts")
    func early() {
        var delivery = Delivery(files: 0, recipient: nil)
        _ = delivery.apply(Samples.joined())
        _ = delivery.apply(.sent(id))
        #expect(delivery.said(id) == .done)
    }

    @Test("it is said when nobody knows whether the text arrived")
    func uncertain() {
        var delivery = Delivery(files: 0, recipient: nil)
        _ = delivery.said(id)
        guard case .failed = delivery.apply(.uncertain(id)) else {
            Issue.record("not failed")
            return
        }
    }

    @Test(
        "files are offered when somebody is there, and delivered when one has them and none takes them"
    )
    func files() {
        var delivery = Delivery(files: 2, recipient: nil)
        #expect(delivery.apply(Samples.joined()) == .wait)
        #expect(delivery.apply(.person(Samples.ann, .arrived)) == .offer(to: nil))
        delivery.offering()
        #expect(delivery.offered(OfferNumber(1)) == .wait)
        #expect(delivery.offered(OfferNumber(2)) == .wait)
        #expect(delivery.apply(Samples.transfer(.running, direction: .sending)) == .wait)
        #expect(
            delivery.apply(Samples.transfer(.completed(fileName: "a"), direction: .sending))
                == .wait)
        #expect(delivery.apply(Samples.transfer(.running, direction: .sending, number: 2)) == .wait)
        #expect(
            delivery.apply(Samples.transfer(.failed("x"), direction: .sending, number: 2)) == .wait)
        #expect(
            delivery.apply(
                Samples.transfer(.completed(fileName: "b"), direction: .sending, number: 2))
                == .done)
    }

    @Test("a file for one person waits for them, and ends when they do not want it")
    func recipient() {
        var delivery = Delivery(files: 1, recipient: "ann")
        #expect(delivery.apply(Samples.joined(Samples.ben)) == .wait)
        #expect(delivery.waitingFor == "nobody called ann came")
        #expect(
            delivery.apply(.person(Samples.ann, .arrived)) == .offer(to: Samples.ann.attachment))
        delivery.offering()
        _ = delivery.offered(OfferNumber(1))
        #expect(
            delivery.apply(Samples.transfer(.declined, direction: .sending))
                == .failed("the file was not wanted; ask before sending it again"))
    }
}
