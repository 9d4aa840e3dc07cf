import MLS
import TestSupport
import Testing
import Wire

@testable import Client

/// What stands on people's screens, whole clients and all, when the server lies about the log.
@Suite("On screen, a server that lies about what was said", .oneAtATime, .timeLimit(.minutes(1)))
struct ServerLieTests {
    private func isWords(_ frame: ServerFrame, by player: Player) -> Bool {
        guard case .entry(let entry) = frame else { return false }
        return entry.kind == .message && entry.sender == player.attachment
    }

    private func isCommit(_ frame: ServerFrame) -> Bool {
        if case .entry(let entry) = frame { entry.kind == .commit } else { false }
    }

    @Test("and does not, is nowhere to be seen")
    func honest() throws {
        let scene = try Scene("ann", "bob", "cleo")
        try scene.say("hello", as: scene["ann"])
        try scene.say("hi", as: scene["bob"])
        scene.pass(.seconds(10))
        for player in scene.players { #expect(player.news() == ["ann: hello", "bob: hi"]) }
        try scene.expectHealed()
        for player in scene.players { #expect(!player.screen.tellsOfALie) }
    }

    @Test("by dropping something for one, when the next speaks")
    func drops() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        scene.showing { [self] frame, name in
            name == "bob" && isWords(frame, by: ann) ? [] : [frame]
        }
        try scene.say("meet at nine", as: ann)
        try scene.say("fine", as: cleo)
        #expect(bob.news() == [Warned.different("cleo"), "cleo: fine"])
        scene.beHonest()
        try scene.say("not for me", as: bob)
        let theirs = [
            "ann: meet at nine", "cleo: fine", Warned.different("bob"), "bob: not for me",
        ]
        #expect(ann.news() == theirs && cleo.news() == theirs)
        try scene.expectHealed()
    }

    @Test("by dropping something for one, when nobody speaks")
    func dropsLast() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob) = (try scene["ann"], try scene["bob"])
        scene.showing { [self] frame, name in
            name == "bob" && isWords(frame, by: ann) ? [] : [frame]
        }
        try scene.say("meet at nine", as: ann)
        scene.pass(.seconds(10))
        #expect(bob.news() == [Warned.different("cleo")])
        try scene.expectHealed()
    }

    @Test("by dropping something for all others, when its author speaks again")
    func dropsForAll() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let ann = try scene["ann"]
        scene.showing { [self] frame, _ in isWords(frame, by: ann) ? [] : [frame] }
        try scene.say("meet at nine", as: ann)
        scene.beHonest()
        try scene.say("or at ten", as: ann)
        for name in ["bob", "cleo"] {
            #expect(try scene[name].news() == [Warned.different("ann"), "ann: or at ten"])
        }
        try scene.expectHealed()
    }

    @Test("by sending something twice")
    func repeats() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        let payload = OnStage<[UInt8]>([])
        scene.showing { [self] frame, name in
            if isWords(frame, by: ann), case .entry(let entry) = frame {
                payload.value = entry.payload
            }
            return [frame]
        }
        try scene.say("meet at nine", as: ann)
        scene.invent(payload.value, by: ann.attachment, for: bob)
        #expect(bob.news() == ["ann: meet at nine", Warned.twice("ann")])
        try scene.say("fine", as: cleo)
        #expect(bob.news() == ["cleo: fine"])
        try scene.expectHealed()
    }

    @Test("by another order for one")
    func reorders() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        let kept = OnStage<ServerFrame.Entry?>(nil)
        scene.showing { [self] frame, name in
            guard name == "bob", case .entry(var entry) = frame else { return [frame] }
            if isWords(frame, by: ann), kept.value == nil {
                kept.value = entry
                return []
            }
            guard isWords(frame, by: cleo), var first = kept.value else { return [frame] }
            swap(&first.sequence, &entry.sequence)
            return [.entry(entry), .entry(first)]
        }
        try scene.say("shall we?", as: ann)
        try scene.say("no", as: cleo)
        scene.pass(.seconds(10))
        #expect(
            bob.news() == [
                Warned.different("cleo"), "cleo: no", "ann: shall we?", Warned.different("ann"),
            ])
        try scene.expectHealed()
    }

    @Test("by withholding a change of keys from one", arguments: [1, 2])
    func withholds(speakers: Int) throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        scene.showing { [self] frame, name in name == "bob" && isCommit(frame) ? [] : [frame] }
        try cleo.rename(to: "cleopatra")
        scene.beHonest()
        try scene.say("meet at nine", as: ann)
        if speakers == 2 { try scene.say("come", as: ann) }
        scene.pass(.seconds(10))
        #expect(
            bob.news() == [
                Warned.withheld, "-- you are bob, with 2 others here (ann, cleopatra)",
                Warned.missed,
            ])
        #expect(ann.news().first == "-- cleo is now cleopatra")
        try scene.expectHealed()
    }

    @Test("by naming another author")
    func wrongAuthor() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        scene.showing { [self] frame, name in
            guard name == "bob", isWords(frame, by: ann), case .entry(var entry) = frame else {
                return [frame]
            }
            entry.sender = cleo.attachment
            return [.entry(entry)]
        }
        try scene.say("cleo is a fool", as: ann)
        #expect(bob.news() == [Warned.wrongAuthor("ann")])
        try scene.expectHealed()
    }

    @Test("by showing one their own words as another's")
    func echoes() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, cleo) = (try scene["ann"], try scene["cleo"])
        let own = OnStage<[UInt8]>([])
        scene.hearing { frame, name in
            if name == "ann", case .append(let append) = frame { own.value = append.payload }
            return [frame]
        }
        try scene.say("I owe cleo a beer", as: ann)
        scene.invent(own.value, by: cleo.attachment, for: ann)
        #expect(ann.news() == ["ann: I owe cleo a beer", Warned.twice("ann")])
        try scene.expectHealed()
    }

    @Test("by spoiling what somebody says, or making it up")
    func garbage() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        scene.showing { [self] frame, name in
            guard name == "bob", isWords(frame, by: ann), case .entry(var entry) = frame else {
                return [frame]
            }
            entry.payload[entry.payload.count - 1] ^= 1
            return [.entry(entry)]
        }
        try scene.say("meet at nine", as: ann)
        #expect(bob.news() == [Warned.unreadable("ann")])
        scene.beHonest()
        for size in 0..<20 {
            let kind: EntryKind = size % 2 == 0 ? .message : .commit
            scene.invent(
                (0..<size).map { UInt8($0) }, kind, by: cleo.attachment, for: bob)
        }
        #expect(bob.news() == [Warned.unreadable("cleo"), Warned.forbidden("cleo")])
        try scene.expectHealed()
    }

    @Test("by saying that entries are gone which are not")
    func gap() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob) = (try scene["ann"], try scene["bob"])
        scene.showing { [self] frame, name in
            guard name == "bob", isWords(frame, by: ann), case .entry(let entry) = frame else {
                return [frame]
            }
            return [.gap(.init(through: entry.sequence, count: 1))]
        }
        try scene.say("meet at nine", as: ann)
        #expect(
            bob.news() == ["-- 1 message was said while you were away and can no longer be had"])
        try scene.expectHealed(after: .seconds(30))
    }

    @Test(
        "by splitting the room in two: nothing while it is split, and a warning at the first word")
    func forks() throws {
        let scene = try Scene("ann", "bob", "cleo", "dan")
        let left = Set([try scene["ann"].attachment, try scene["bob"].attachment])
        let sides = ["ann": true, "bob": true, "cleo": false, "dan": false]
        scene.showing { frame, name in
            guard case .entry(let entry) = frame else { return [frame] }
            return left.contains(entry.sender) == sides[name] ? [frame] : []
        }
        for round in ["one", "two"] {
            for player in scene.players { try scene.say("\(round) \(player.name)", as: player) }
            scene.pass(.seconds(6))
        }
        for player in scene.players {
            let side = sides[player.name] == true ? ["ann", "bob"] : ["cleo", "dan"]
            let said = ["one", "two"].flatMap { round in side.map { "\($0): \(round) \($0)" } }
            #expect(player.news() == said)
        }
        scene.beHonest()
        try scene.say("three", as: scene["dan"])
        for name in ["ann", "bob"] {
            #expect(try scene[name].news() == [Warned.different("dan"), "dan: three"])
        }
        #expect(try scene["cleo"].news() == ["dan: three"])
        try scene.say("four", as: scene["ann"])
        #expect(try scene["cleo"].news() == [Warned.different("ann"), "ann: four"])
        try scene.expectHealed()
    }

    @Test("by showing words of an earlier life of the room")
    func oldLife() throws {
        let scene = try Scene("ann", "bob", "cleo")
        let (ann, bob, cleo) = (try scene["ann"], try scene["bob"], try scene["cleo"])
        let old = OnStage<[ServerFrame.Entry]>([])
        scene.showing { frame, name in
            if name == "bob", case .entry(let entry) = frame { old.value.append(entry) }
            return [frame]
        }
        for player in [ann, cleo] { try scene.say("yes, says \(player.name)", as: player) }
        scene.pass(.seconds(6))
        scene.beHonest()
        scene.server.restart()
        scene.pass(.seconds(30))
        _ = bob.news()
        for entry in old.value {
            scene.invent(entry.payload, entry.kind, by: entry.sender, for: bob)
            scene.invent(entry.payload, entry.kind, by: ann.attachment, for: bob)
        }
        #expect(bob.news() == [])
        try scene.say("a new day", as: ann)
        scene.pass(.seconds(6))
        #expect(bob.news() == ["ann: a new day", Warned.different("cleo")])
        try scene.expectHealed()
    }
}
