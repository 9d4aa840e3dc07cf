import Testing
import Wire

@testable import Client

@Suite("Somebody who meets nobody") struct SolitudeTests {
    private let joined = ClientEvent.joined(
        .init(
            me: Person(attachment: AttachmentID(1), name: "me", keyTag: ""), standing: .founder,
            people: []))
    private let other = ClientEvent.person(
        Person(attachment: AttachmentID(2), name: "ann", keyTag: ""), .arrived)

    private func isInside(_ event: ClientEvent?) -> Bool? {
        if case .alone(let isInside)? = event { isInside } else { nil }
    }

    @Test("is told once, after some time", arguments: [true, false])
    func told(isLetIn: Bool) {
        var solitude = Solitude()
        #expect(solitude.deadline == nil)
        let event = isLetIn ? joined : .outside(.nobodyAnswers)
        solitude.saw(event, isAlone: true, now: .seconds(1))
        let due = Duration.seconds(1) + Solitude.patience
        #expect(solitude.deadline == due)
        #expect(solitude.tick(now: due - .milliseconds(1)) == nil)
        #expect(isInside(solitude.tick(now: due)) == isLetIn)
        solitude.saw(joined, isAlone: true, now: due)
        #expect(solitude.deadline == nil)
    }

    @Test("is told nothing when somebody was there, comes, or is asked to let them in")
    func met() {
        var solitude = Solitude()
        solitude.saw(joined, isAlone: false, now: .zero)
        #expect(solitude.deadline == nil)
        solitude = Solitude()
        solitude.saw(joined, isAlone: true, now: .zero)
        solitude.saw(other, isAlone: false, now: .seconds(5))
        solitude.saw(other, isAlone: true, now: .seconds(6))
        #expect(solitude.deadline == nil)
        solitude = Solitude()
        solitude.saw(.outside(.nobodyAnswers), isAlone: true, now: .zero)
        solitude.saw(.outside(.waitingForApproval), isAlone: true, now: .zero)
        #expect(solitude.deadline == nil)
    }
}
