import TestSupport
import Testing
import Wire

@testable import Client

/// A server that dies while people talk, again and again; some of them die with it.
@Suite("Restarts in a storm", .serialized) struct StormRestartTests {
    static let rounds = 30

    @Test(
        "those who lost something are told, and nobody else", .timeLimit(.minutes(5)),
        arguments: [31, 32, 33] as [UInt64])
    func restarts(seed: UInt64) async {
        let storm = Storm(seed: seed)
        for _ in 0..<5 { storm.join() }
        storm.becomeQuiet()
        for _ in 0..<Soak.share(of: Self.rounds) where storm.problems.isEmpty {
            storm.talkUntilTheServerDies()
            storm.becomeQuiet()
            storm.advance(LogMemory.patience + .seconds(5))
            storm.expectHonesty()
            storm.replaceTheDead()
            await Task.yield()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }
}

extension Storm {
    fileprivate func talkUntilTheServerDies() {
        for _ in 0..<20 {
            if let one = someone { for _ in 0..<(chance(30) ? 3 : 1) { sayNext(one) } }
            advance(span(0...200))
        }
        note("the server dies")
        for (number, link) in links {
            // Some of what was on its way is lost.
            links[number]?.down.removeLast(Int.random(in: 0...link.down.count, using: &random))
        }
        if clients.count > 3, chance(40), let one = someone {
            note("p\(one.number) dies with it")
            vanish(one)
        }
        restart(room: 0)
        for _ in 0..<4 {
            if let one = someone { sayNext(one) }
            advance(span(0...8000))
        }
    }

    /// What one of those who live has, by hearing or saying it, the others have, or are told.
    fileprivate func expectHonesty() {
        let all = clients.reduce(into: Set<Int>()) { $0.formUnion($1.own.union($1.heard.keys)) }
        for client in clients {
            let since = client.heard.keys.min() ?? 0
            let lost = all.subtracting(client.own).subtracting(client.heard.keys)
                .filter { $0 > since }
            if client.isToldOfLoss, lost.isEmpty {
                fail("p\(client.number) is told of a loss and has everything")
            }
            if !client.isToldOfLoss, !lost.isEmpty {
                fail("p\(client.number) lost \(lost.sorted()) and is not told")
            }
            // What was told is settled.
            for number in lost { client.heard[number] = 1 }
            client.isToldOfLoss = false
        }
    }

    fileprivate func replaceTheDead() {
        while clients.count < 5 { join() }
        becomeQuiet()
        // Newcomers have what is said from now on.
        for client in clients { sayNext(client) }
        becomeQuiet()
    }
}
