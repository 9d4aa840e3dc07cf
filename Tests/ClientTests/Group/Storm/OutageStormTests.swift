import Foundation
import Testing
import Wire

@testable import Client

@Suite("A room whose lines fall silent", .serialized)
struct OutageStormTests {
    /// Deeds in one story.
    static let deeds = 400
    /// Between two quiet points.
    static let deedsInARow = 40

    @Test(
        "what is acknowledged is heard once, in order, by all who stay; who comes in anew is told",
        .timeLimit(.minutes(5)), arguments: StormTests.seeds)
    func outages(seed: UInt64) async {
        let storm = OutageStorm(seed: seed)
        for _ in 0..<4 {
            storm.join()
            storm.advance(.seconds(3))
        }
        storm.advance(.seconds(30))
        for deed in 1...Self.deeds where storm.problems.isEmpty {
            storm.act()
            if deed.isMultiple(of: Self.deedsInARow) {
                storm.becomeQuiet()
                storm.check()
                // Other tests have their limits of time.
                await Task.yield()
            }
        }
        let pairs = storm.words.reduce(0) { $0 + $1.listeners.count }
        #expect(pairs > Self.deeds, "nothing much was said")
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }
}

extension OutageStorm {
    /// So many are here at once at most.
    private static let crowd = 6

    private var present: [OutagePerson] { people.filter(\.isHere) }

    /// Something happens, by chance.
    fileprivate func act() {
        let here = present
        guard let one = here.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: type(Int.random(in: 1...4, using: &random), one)
        case 40..<70: strike(one)
        case 70..<76: cut(one)
        case 76..<84: if here.count < Self.crowd { join() }
        case 84..<90: if here.count > 3, one.heardAt <= now { leave(one) }
        default: if one.isInside, one.heardAt <= now { rename(one) }
        }
        advance(chance(60) ? span(0...3000) : span(3000...40_000))
    }

    /// Something is said just before, and the keys change, as a rule.
    private func strike(_ one: OutagePerson) {
        let isSilent = chance(50)
        if isSilent { silence(one, for: outage) }
        if chance(60) {
            type(Int.random(in: 1...2, using: &random), one)
            advance(span(0...2000))
        }
        if !isSilent || chance(30) { freeze(one, for: outage) }
        let others = present.filter { $0 !== one && $0.isInside && $0.heardAt <= now }
        if chance(60), let other = others.randomElement(using: &random) { rename(other) }
    }

    /// Some are over before anybody notices, and some last until the place is gone.
    private var outage: Duration {
        chance(10)
            ? span(120_000...200_000) : chance(30) ? span(1000...20_000) : span(20_000...110_000)
    }

    /// All lines are heard again, all programs run, and all that was said is acknowledged.
    fileprivate func becomeQuiet() {
        note("quiet")
        for person in people {
            person.silentUntil = min(person.silentUntil, now)
            person.frozenUntil = min(person.frozenUntil, now)
        }
        for _ in 0..<10 where problems.isEmpty {
            advance(.seconds(30))
            if present.allSatisfy({ $0.isInside && $0.session.outbox.isEmpty && $0.inputs.isEmpty })
            {
                break
            }
        }
        for person in present { type(1, person) }
        // What was not said again is told of by now.
        advance(Duties.sayingAgain + .seconds(30))
    }

    fileprivate func check() {
        guard problems.isEmpty else { return }
        for word in words {
            if let problem = word.problem(among: people) { fail(problem) }
        }
        for person in people { checkOrder(of: person) }
    }

    private func checkOrder(of person: OutagePerson) {
        var last: [UInt64: UInt64] = [:]
        for id in person.heard {
            let run = UInt64(truncatingIfNeeded: id.number >> 64)
            let number = UInt64(truncatingIfNeeded: id.number)
            if let before = last[run], before >= number {
                fail("p\(person.number) heard word \(number) of somebody after word \(before)")
            }
            last[run] = number
        }
    }
}
