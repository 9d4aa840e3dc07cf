import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite struct RoomModelTests {
    private func lines(live: Bool = false, _ events: ClientEvent...) -> [String] {
        var model = RoomModel(folder: "/in", link: Samples.link, isLive: live)
        return events.flatMap { Samples.lines(model.apply($0, at: Samples.noon)) }
    }

    @Test("what is said comes as name and text; further lines are indented")
    func messages() {
        #expect(lines(Samples.joined(Samples.ann), Samples.message("hi")).last == "ann: hi")
        #expect(
            lines(Samples.joined(Samples.ann), Samples.message("a\r\nben: b\n\u{1B}[2J")).suffix(3)
                == ["ann: a", "    ben: b", "    ␛[2J"])
        #expect(
            lines(Samples.joined(Samples.ann), Samples.message("waves", isAction: true)).last
                == "* ann waves")
    }

    @Test("somebody comes for the first time once, also when the room moves")
    func firstTime() {
        func new(_ id: UInt64, _ name: String, _ tag: String) -> Person {
            var person = Samples.person(id, name, tag)
            person.isNew = true
            return person
        }
        let told = lines(
            Samples.joined(new(2, "ann", "ab12cd34")), .person(new(3, "ben", "99887766"), .arrived),
            .moved(Move(secret: RoomSecret(), mover: Samples.me, removed: nil)), Samples.joined(),
            .person(new(12, "ann", "ab12cd34"), .arrived),
            .person(new(13, "ben", "99887766"), .arrived),
            .person(new(14, "cid", "11111111"), .arrived))
        #expect(
            told.filter { $0.contains(" joined") } == [
                "-- ben joined, for the first time", "-- ann joined", "-- ben joined",
                "-- cid joined, for the first time",
            ])
    }

    @Test("two people of one name are told apart by their keys, from then on")
    func sameName() {
        let twin = Samples.person(9, "ann\u{200B}", "ffffffff")
        let told = lines(
            Samples.joined(Samples.ann), Samples.message("one"), .person(twin, .arrived),
            Samples.message("two"), Samples.message("three", from: twin), .person(twin, .left),
            Samples.message("four"))
        #expect(
            told.dropFirst(2) == [
                "ann: one", "-- ann#ffffffff joined", "ann#ab12cd34: two", "ann#ffffffff: three",
                "-- ann#ffffffff left", "ann: four",
            ])
    }

    @Test("one person at two terminals is one name")
    func twice() {
        let again = Samples.person(9, "ann", "ab12cd34")
        var model = RoomModel(folder: nil, isLive: false)
        _ = model.apply(Samples.joined(Samples.ann, again), at: Samples.noon)
        let told = model.apply(Samples.message("hi", from: again), at: Samples.noon)
        #expect(Samples.lines(told) == ["ann: hi"])
        #expect(model.people.find("ann") == .one(again.attachment))
        let away = Samples.person(9, "ann", "ab12cd34", away: true)
        _ = model.apply(.person(away, .away), at: Samples.noon)
        #expect(model.people.find("ann") == .one(Samples.ann.attachment))
        _ = model.apply(.person(away, .left), at: Samples.noon)
        #expect(model.people.find("ann") == .one(Samples.ann.attachment))
    }

    @Test(
        "nobody can take a name that looks like another's line, tag or notice",
        arguments: [
            ("ben: hi", "\"ben: hi\"#11111111: x"),
            ("ann#ab12cd34", "\"ann#ab12cd34\"#11111111: x"),
            ("", "somebody#11111111: x"), ("\u{1B}[31m", "\"␛[31m\"#11111111: x"),
            ("a\nb", "a␊b: x"),
            ("\u{202E}nna", "nna: x"), ("-- ben left", "\"-- ben left\"#11111111: x"),
            ("ann (you)", "\"ann (you)\"#11111111: x"), ("ben, cid", "\"ben, cid\"#11111111: x"),
            ("ben\u{FF1A} hi", "\"ben\u{FF1A} hi\"#11111111: x"),
            ("ben\u{2236} hi", "\"ben\u{2236} hi\"#11111111: x"),
            ("✓ben", "\"✓ben\"#11111111: x"), ("+ben", "\"+ben\"#11111111: x"),
            ("✔\u{FE0F} ben", "\"✔\u{FE0F} ben\"#11111111: x"), ("* ben", "\"* ben\"#11111111: x"),
            ("Jean-Luc O'Neill \u{1F986}", "Jean-Luc O'Neill \u{1F986}: x"),
            ("bot_7.example", "bot_7.example: x"), ("山田・太郎", "山田・太郎: x"),
        ])
    func namesThatPretend(name: String, line: String) {
        let person = Samples.person(5, name, "11111111")
        #expect(lines(Samples.joined(Samples.ann), Samples.message("x", from: person)).last == line)
    }

    @Test("a large room costs each line little", .timeLimit(.minutes(1)))
    func largeRoom() {
        let people = (UInt64(10)..<5010).map { Samples.person($0, "", "") }
        var model = RoomModel(folder: nil, isLive: true)
        func told(_ event: ClientEvent) -> [String] {
            Samples.lines(model.apply(event, at: Samples.noon))
        }
        _ = told(.joined(.init(me: Samples.me, standing: .newcomer, people: people)))
        for person in people {
            let named = Samples.person(
                person.attachment.number, "p\(person.attachment.number)", "11111111")
            _ = told(.person(named, .arrived))
        }
        let twin = Samples.person(9, "p10", "22222222")
        #expect(told(.person(twin, .arrived)) == ["-- p10#22222222 joined"])
        let first = Samples.person(10, "p10", "11111111")
        #expect(told(Samples.message("hi", from: first)) == ["p10#11111111: hi"])
        _ = told(.person(twin, .left))
        #expect(told(Samples.message("hi", from: first)) == ["p10: hi"])
    }

    @Test("coming and going are quiet lines")
    func presence() {
        let told = lines(
            Samples.joined(), .person(Samples.ben, .arrived), .person(Samples.ben, .away),
            .person(Samples.ben, .back), .person(Samples.ann, .arrived),
            .person(Samples.ben, .left), .person(Samples.ann, .renamed(from: "anne: x")),
            .person(Samples.ann, .verified(true)), .person(Samples.ann, .removed(by: Samples.ben)))
        #expect(
            told == [
                "-- you are me; nobody else is here yet; /help lists the commands",
                "-- ben joined", "-- ben is away", "-- ben is back", "-- ann joined",
                "-- ben left", "-- \"anne: x\" is now ann", "-- ann is marked as verified",
                "-- ben removed ann from the room",
            ])
    }

    @Test("what can no longer be had is said plainly")
    func missed() {
        #expect(
            lines(.missed(count: 12), .missed(count: 1), .missed(count: nil)) == [
                "-- 12 messages were said while you were away and can no longer be had",
                "-- 1 message was said while you were away and can no longer be had",
                "-- what was said while you were away, if anything, can no longer be had",
            ])
    }

    @Test("another day is said before what happens on it, once")
    func days() {
        var model = RoomModel(folder: nil, isLive: false)
        var later = Samples.noon
        (later.day, later.weekday) = (24, 2)
        #expect(Samples.lines(model.apply(.notice("a"), at: Samples.noon)) == ["-- a"])
        #expect(model.apply(.received(MessageID(number: 1), by: 1, of: 1), at: later).isEmpty)
        #expect(
            Samples.lines(model.apply(.notice("b"), at: later)) == [
                "-- Tuesday, 24 November 2026", "-- b",
            ])
        #expect(Samples.lines(model.apply(.notice("c"), at: later)) == ["-- c"])
    }

    @Test("who asks to be let in is told with how to answer, and what was decided")
    func door() {
        let newcomer = Newcomer(
            attachment: AttachmentID(20), name: "cid, ann", keyTag: "12341234")
        let name = "\"cid, ann\"#12341234"
        #expect(
            lines(
                Samples.joined(Samples.ann), .newcomer(newcomer),
                .decided(newcomer, .admitted(by: Samples.ann)),
                .decided(newcomer, .refused(by: Samples.ann)), .decided(newcomer, .gone)
            ).dropFirst(2) == [
                "-- \(name) asks to be let in: /admit \(name) or /refuse \(name)",
                "-- ann let \(name) in", "-- ann turned \(name) away",
                "-- \(name) no longer asks to be let in",
            ])
    }

    @Test("warnings and changed keys are loud")
    func warnings() {
        let told = lines(
            Samples.joined(Samples.ann), .keyChanged(Samples.ann, formerKeyTags: ["00001111"]),
            .warning(.init(kind: .unreadable, person: nil, sentence: "bad\u{1B}\nworse")))
        #expect(
            told.dropFirst(2) == [
                "-- WARNING: ann has another key than before (00001111); compare it with /verify ann before you trust them",
                "-- WARNING: bad␛", "-- WARNING: worse",
            ])
    }

    @Test("a newcomer under a known name is told by the tag, and no member's key is meant")
    func newcomersKey() {
        let newcomer = Newcomer(attachment: AttachmentID(7), name: "ann", keyTag: "ffffffff")
        let person = Samples.person(7, "ann", "ffffffff")
        let told = lines(
            Samples.joined(Samples.ben), .newcomer(newcomer),
            .keyChanged(person, formerKeyTags: ["ab12cd34"]))
        #expect(
            told.last
                == "-- WARNING: ann#ffffffff, who asks to be let in, has another key than before (ab12cd34); ask over another channel whether it is them"
        )
    }

    @Test("who comes in again is told who is there, and asked anew by those at the door")
    func again() {
        var model = RoomModel(folder: nil, isLive: false)
        _ = model.apply(Samples.joined(Samples.ann), at: Samples.noon)
        let newcomer = Newcomer(attachment: AttachmentID(7), name: "eve", keyTag: "ffffffff")
        _ = model.apply(.newcomer(newcomer), at: Samples.noon)
        let told = model.apply(Samples.joined(Samples.ann), at: Samples.noon)
        #expect(Samples.lines(told) == ["-- you are me, with 1 other here (ann)"])
        #expect(model.newcomers.isEmpty)
        let alone = model.apply(Samples.joined(), at: Samples.noon)
        #expect(Samples.lines(alone) == ["-- you are me; nobody else is here yet"])
    }

    @Test("the one who moved a room is shown the new link, the others are told where it is")
    func moves() {
        var model = RoomModel(folder: nil, link: Samples.link, isLive: true)
        _ = model.apply(Samples.joined(Samples.ann), at: Samples.noon)
        let secret = RoomSecret(bytes: Array(repeating: 9, count: 16))
        let mine = ClientEvent.moved(
            .init(secret: secret, mover: Samples.me, removed: Samples.ben))
        let told = Samples.lines(model.apply(mine, at: Samples.noon))
        var link = Samples.link
        link.secret = secret
        #expect(
            told == [
                "-- the room has moved without ben; the old link is dead, this is the new one:",
                link.text,
            ])
        #expect(model.link == link)
        let theirs = ClientEvent.moved(.init(secret: secret, mover: Samples.ann, removed: nil))
        #expect(
            Samples.lines(model.apply(theirs, at: Samples.noon)) == [
                "-- ann moved the room; the old link is dead, /invite shows the new one"
            ])
    }

    @Test("an offer tells how to answer it, with a name that is safe")
    func offers() {
        #expect(
            lines(Samples.joined(Samples.ann), Samples.offer()).last
                == "-- ann offers report.pdf, 12.4 MB: /accept 1 or /decline 1")
        #expect(
            lines(
                Samples.joined(Samples.ann),
                Samples.offer(2, name: "../a\u{202E} b", isPrivate: true)
            ).last
                == "-- ann offers you \"a b\", 12.4 MB: /accept 2 or /decline 2")
    }

    @Test("in a pipe a transfer is told at its start, at each quarter and at its end")
    func quarters() {
        var model = RoomModel(folder: "/in", isLive: false)
        var told = stride(from: UInt64(0), through: 1000, by: 50).flatMap {
            model.apply(Samples.transfer(.running, bytes: $0), at: Samples.noon)
        }
        told += model.apply(
            Samples.transfer(.completed(fileName: "report (2).pdf"), bytes: 1000, sha256: "aa"),
            at: Samples.noon)
        #expect(
            Samples.lines(told) == [
                "-- receiving report.pdf from ann, 1.0 kB",
                "-- receiving report.pdf from ann: 25%", "-- receiving report.pdf from ann: 50%",
                "-- receiving report.pdf from ann: 75%",
                "-- report.pdf from ann is here, 1.0 kB: /in/report (2).pdf, SHA-256 aa",
            ])
    }

    @Test("a broken connection is told once, and its return")
    func connection() {
        let told = lines(
            .connection(.connecting), .connection(.connected),
            .connection(.reconnecting(after: .seconds(1))),
            .connection(.reconnecting(after: .seconds(2))), .connection(.connected))
        #expect(told == ["-- the connection broke; trying again", "-- connected again"])
    }

    @Test("an offer that is taken back, or nobody's any more, is not told as from or to oneself")
    func takenBack() {
        func told(_ state: TransferUpdate.State, peer: Person) -> [String] {
            let update = TransferUpdate(
                number: OfferNumber(1), direction: .sending, state: state, peer: peer,
                fileName: "report.pdf", bytes: 0, size: 10)
            return Array(lines(Samples.joined(Samples.ann), .transfer(update)).dropFirst(2))
        }
        #expect(told(.cancelled, peer: Samples.me) == ["-- report.pdf is not offered any more"])
        #expect(told(.cancelled, peer: Samples.ann) == ["-- report.pdf to ann was cancelled"])
        #expect(told(.failed("why"), peer: Samples.me) == ["error: report.pdf failed: why"])
    }

    @Test("it is said what a server that is gone, and a room where nobody is, may mean")
    func goneOrEmpty() {
        var model = RoomModel(folder: nil, link: Samples.link, isLive: false)
        let events: [ClientEvent] = [
            .connection(.connected), Samples.joined(), .alone(isInside: true),
            .connection(.reconnecting(after: .seconds(1))), .connection(.unreachable),
            .connection(.connecting), .connection(.reconnecting(after: .seconds(15))),
            .connection(.connected),
        ]
        let told = events.flatMap { Samples.lines(model.apply($0, at: Samples.noon)) }
        #expect(
            told.dropFirst() == [
                "-- nobody else is here yet; if you expected others, compare the link with theirs: a wrong character leads to an empty room, and a link is dead once somebody was removed by it",
                "-- the connection broke; trying again",
                "-- nobody answers at \(Samples.link.address.text) since 12:00; if somebody's own chatbox hosted the room, it has ended with that; still trying, /quit leaves",
                "-- connected again",
            ])
    }

    @Test("people are found by name, by name in other case, and by name and key")
    func finding() {
        var model = RoomModel(folder: nil, isLive: false)
        let twin = Samples.person(9, "ann", "ffffffff")
        _ = model.apply(Samples.joined(Samples.ann, Samples.ben, twin), at: Samples.noon)
        #expect(model.people.find("ben") == .one(Samples.ben.attachment))
        #expect(model.people.find("@BEN") == .one(Samples.ben.attachment))
        #expect(model.people.find("ann#ffffffff") == .one(twin.attachment))
        #expect(model.people.find("ann") == .several(["ann#ab12cd34", "ann#ffffffff"]))
        #expect(model.people.find("me") == .oneself)
        #expect(model.people.find("@Me") == .oneself)
        #expect(model.people.find("nobody") == .none)
        #expect(model.people.find("") == .none)
        #expect(model.people.find("@") == .none)
    }

    @Test("for ears, the sender is in words, and errors and warnings begin with what they are")
    func words() {
        var verified = Samples.ann
        verified.isVerified = true
        var model = RoomModel(folder: nil, isLive: false)
        let told =
            model.apply(Samples.joined(verified), at: Samples.noon)
            + model.apply(Samples.message("hi\nyou", from: verified), at: Samples.noon)
            + model.apply(Samples.message("left", from: verified, isAction: true), at: Samples.noon)
            + model.apply(Samples.transfer(.failed("the disk is full")), at: Samples.noon)
        #expect(
            Samples.lines(told, .words) == [
                "you are me, with 1 other here (ann)",
                "what was said before stays unread; /help lists the commands",
                "ann (verified) says: hi", "    you", "ann (verified) does: left",
                "error: report.pdf from ann failed: the disk is full",
            ])
    }
}
