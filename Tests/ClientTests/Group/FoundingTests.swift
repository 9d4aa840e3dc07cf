import MLS
import Testing
import Wire

@testable import Client

/// Who begins a conversation, and when: nobody keeps others from it by being there, and where members
/// decide who comes in, nobody takes their room from them by being first.
extension LyingServerTests {
    /// A log with a founding, whose founder is gone, and a connection that was never in.
    private func deserted(_ connection: Int) -> Storm {
        let storm = Storm(seed: 3)
        storm.isCalm = true
        storm.rooms[0].server.resumeTime = .seconds(100_000)
        storm.rooms[0].server.attach(connection, resume: nil, now: storm.now)
        storm.rooms[0].server.receive(
            .append(.init(id: .random(), kind: .commit, epoch: 0, payload: [1])), from: connection,
            now: storm.now)
        storm.flush(room: 0)
        return storm
    }

    @Test("who is away for longer than a server waits keeps nobody from beginning")
    func awayForEver() {
        let storm = deserted(9001)
        storm.rooms[0].server.lost(9001, now: storm.now)
        let ann = storm.join("ann")
        storm.advance(.seconds(120))
        #expect(!ann.isInside, "it may be a member whose line is dead")
        storm.advance(.seconds(80))
        #expect(ann.isInside)
        let bob = storm.join("bob")
        storm.advance(.seconds(15))
        #expect(bob.isInside)
    }

    @Test("nor does who says that they let others in, and never answers")
    func silentDoorkeeper() {
        let storm = deserted(9001)
        storm.rooms[0].server.receive(.ready(true), from: 9001, now: storm.now)
        let ann = storm.join("ann")
        storm.advance(.seconds(120))
        #expect(!ann.isInside, "it may be a member whose line is dead")
        storm.advance(.seconds(90))
        #expect(ann.isInside)
    }

    @Test("where nobody has founded, who never answers is no member")
    func silentFounder() {
        let storm = Storm(seed: 3)
        storm.isCalm = true
        storm.rooms[0].server.attach(9001, resume: nil, now: storm.now)
        storm.rooms[0].server.receive(.ready(true), from: 9001, now: storm.now)
        let ann = storm.join("ann")
        storm.advance(.seconds(30))
        #expect(ann.isInside)
    }

    /// The server starts anew, and these come back in this order, a second apart.
    private func restart(_ storm: Storm, _ order: [() -> StormClient]) {
        storm.restart(room: 0)
        storm.advance(.milliseconds(1))
        for client in storm.clients { client.connectsAt = storm.now + .seconds(3600) }
        for next in order {
            let client = next()
            if client.link == nil { client.connectsAt = storm.now }
            storm.advance(.seconds(1))
        }
    }

    @Test(
        "where members decide, they find each other although a stranger was first after a restart")
    func strangerFirst() throws {
        let storm = room(["ann"], needsApproval: true)
        let ann = try person("ann", storm)
        for name in ["bob", "cleo"] {
            storm.join(name)
            storm.becomeQuiet()
        }
        let (bob, cleo) = (try person("bob", storm), try person("cleo", storm))
        var stranger: StormClient?
        restart(
            storm,
            [
                {
                    let eve = storm.join("eve")
                    stranger = eve
                    return eve
                }, { ann }, { bob }, { cleo },
            ])
        let eve = try #require(stranger)
        #expect(eve.isInside)
        storm.advance(.seconds(20))
        for client in [ann, bob, cleo] {
            #expect(client.isInside && client.names == ["ann", "bob", "cleo"])
        }
        #expect(eve.names == ["eve"])
        let told = [ann, bob, cleo].filter { kinds($0).contains(.strangersFirst) }
        #expect(told.count == 1, "by whoever began it again")
        #expect(kinds(eve) == [.secondConversation])
        // What she says brings nobody to her; and who joins, waits for approval.
        storm.sayNext(eve)
        storm.sayNext(ann)
        storm.advance(.seconds(20))
        #expect(bob.heard.count == 1 && ann.names.count == 3)
        let again = storm.join("eve", identity: eve.identity)
        storm.vanish(eve)
        storm.advance(.seconds(10))
        #expect(!again.isInside && ann.asking.contains { $0.attachment == again.attachment })
        storm.admitAll()
        storm.advance(.seconds(30))
        #expect(again.isInside && again.names.count == 4)
    }

    @Test("a member who comes back alone begins again, and follows no stranger's Welcome")
    func aloneAgain() throws {
        let storm = room(["ann"], needsApproval: true)
        let ann = try person("ann", storm)
        restart(storm, [{ storm.join("eve") }, { ann }])
        // Eve's client lets everybody in.
        storm.admitAll()
        storm.advance(.seconds(20))
        #expect(ann.isInside && ann.names == ["ann"])
        #expect(kinds(ann).contains(.strangersFirst))
    }

    @Test("who waited at the door when the log began anew leaves it to the members to begin")
    func guestsWait() throws {
        let storm = room(["ann"], needsApproval: true)
        let ann = try person("ann", storm)
        let bob = storm.join("bob")
        storm.advance(.seconds(5))
        #expect(!bob.isInside)
        restart(storm, [{ bob }, { ann }])
        storm.advance(.seconds(10))
        #expect(ann.isInside && !bob.isInside && kinds(ann).isEmpty)
        #expect(ann.asking.contains { $0.attachment == bob.attachment })
        // Unless none comes.
        let lone = Storm(seed: 4, needsApproval: true)
        lone.isCalm = true
        lone.join("ann")
        lone.advance(.seconds(1))
        let dan = lone.join("dan")
        lone.advance(.seconds(5))
        restart(lone, [{ dan }])
        #expect(!dan.isInside)
        lone.advance(Seeking.membersFirst + .seconds(10))
        #expect(dan.isInside)
    }
}
