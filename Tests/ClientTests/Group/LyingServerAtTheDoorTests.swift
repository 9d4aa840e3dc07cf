import MLS
import Testing
import Wire

@testable import Client

/// What a server that lies can do about who comes in, who is there, and what is counted.
extension LyingServerTests {
    @Test("that asks a second doorkeeper about a knock that was served has nobody let in twice")
    func asksTwice() throws {
        let storm = room(["ann", "bob"])
        var knock: ServerFrame?
        storm.lie = { frame, _ in
            if case .knocked = frame { knock = frame }
            return [frame]
        }
        let cleo = storm.join("cleo")
        storm.advance(.seconds(1))
        #expect(cleo.isInside)
        let epoch = storm.rooms[0].server.epoch
        for client in storm.clients { storm.invent([try #require(knock)], to: client) }
        storm.advance(.seconds(1))
        #expect(storm.rooms[0].server.epoch == epoch && cleo.stay == 1)
        expectHealed(storm)
    }

    // MARK: Who is there, and what is counted

    @Test("that says of one that they are gone has them taken out, and they say so and come back")
    func saysGone() throws {
        let (storm, ann, bob, cleo) = try three()
        let who = try #require(bob.attachment)
        for client in [ann, cleo] {
            storm.invent([.presence(Presence(attachment: who, state: .gone))], to: client)
        }
        storm.advance(.seconds(600))
        // One lie, never taken back: they are taken out ever more seldom.
        #expect(kinds(bob) == [.droppedWhileHere])
        #expect((3...16).contains(bob.stay))
        #expect(kinds(ann).isEmpty && kinds(cleo).isEmpty)
        // Here and away are a server's word, and cost nothing.
        for client in [ann, cleo] {
            for state in [Presence.State.away, .here] {
                storm.invent([.presence(Presence(attachment: who, state: state))], to: client)
            }
        }
        storm.advance(.seconds(1))
        expectHealed(storm)
    }

    @Test("that answers every commit with a conflict is asked ever more seldom")
    func conflicts() throws {
        let (storm, ann, bob, cleo) = try three()
        var commits = 0
        storm.upLie = { frame, client in
            guard case .append(let append) = frame, append.kind == .commit else { return [frame] }
            commits += 1
            storm.invent(
                [.conflict(id: append.id, epoch: UInt64.random(in: 0 ... .max))], to: client)
            return []
        }
        let steps = storm.rooms[0].server.sequence
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(300))
        #expect(commits < 200)
        #expect(storm.rooms[0].server.sequence < steps + 100)
        storm.sayNext(cleo)
        storm.advance(.milliseconds(300))
        #expect(bob.heard.count == 1)
        expectHealed(storm)
    }

    @Test("that names the highest of all epochs stops nobody")
    func highestEpoch() throws {
        let storm = Storm(seed: 2)
        storm.isCalm = true
        storm.hasLies = true
        storm.lie = { frame, _ in
            switch frame {
            case .attached(var attached):
                attached.epoch = .max
                return [.attached(attached)]
            case .conflict(let id, _): return [.conflict(id: id, epoch: .max)]
            default: return [frame]
            }
        }
        storm.join("ann")
        storm.join("bob")
        storm.advance(.seconds(60))
        #expect(storm.problems.isEmpty, "\(storm.report)")
        expectHealed(storm)
    }

    @Test("that floods a newcomer with garbage while it waits leaves no hole behind")
    func floodsNewcomer() throws {
        let storm = room(["ann", "bob"])
        let ann = try person("ann", storm)
        var flooded = false
        storm.lie = { frame, client in
            guard client.name == "cleo", !flooded, case .answered = frame,
                let sender = ann.attachment
            else { return [frame] }
            flooded = true
            let last = storm.rooms[0].server.sequence
            let garbage = (1...UInt64(Seeking.maximumHeld + 1)).map { number in
                ServerFrame.entry(
                    .init(
                        sequence: last + number, sender: sender, kind: .message, payload: [1, 2]))
            }
            return garbage + [frame]
        }
        let cleo = storm.join("cleo")
        storm.advance(.seconds(30))
        #expect(flooded && cleo.isInside && cleo.stay == 1)
        storm.lie = nil
        storm.callTheRoll()
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }
}
