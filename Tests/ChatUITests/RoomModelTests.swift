import ChatUI
import Client
import Terminal
import Testing
import Wire

@Suite struct RoomModelTests {
    private func lines(draws: Bool = false, _ events: ClientEvent...) -> [String] {
        var model = RoomModel(folder: "/in", drawsProgress: draws)
        return events.flatMap { model.apply($0) }.map(\.string)
    }

    @Test("what is said comes as name and text; further lines are indented")
    func messages() {
        #expect(lines(Samples.joined(Samples.ann), Samples.message("hi")).last == "ann: hi")
        #expect(
            lines(Samples.joined(Samples.ann), Samples.message("a\r\nben: b\n\u{1B}[2J")).suffix(3)
                == [
                    "ann: a", "    ben: b", "    ␛[2J",
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
            told.dropFirst() == [
                "ann: one", "-- ann#ffffffff joined", "ann#ab12cd34: two", "ann#ffffffff: three",
                "-- ann#ffffffff left", "ann: four",
            ])
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
        var model = RoomModel(folder: nil, drawsProgress: true)
        _ = model.apply(.joined(.init(me: Samples.me, standing: .newcomer, people: people)))
        for person in people {
            let named = Samples.person(
                person.attachment.number, "p\(person.attachment.number)", "11111111")
            _ = model.apply(.person(named, .introduced))
        }
        let twin = Samples.person(9, "p10", "22222222")
        #expect(model.apply(.person(twin, .arrived)).map(\.string) == ["-- p10#22222222 joined"])
        let first = Samples.person(10, "p10", "11111111")
        #expect(
            model.apply(Samples.message("hi", from: first)).map(\.string) == ["p10#11111111: hi"])
        _ = model.apply(.person(twin, .left))
        #expect(model.apply(Samples.message("hi", from: first)).map(\.string) == ["p10: hi"])
    }

    @Test("coming and going are quiet lines")
    func presence() {
        let told = lines(
            Samples.joined(), .person(Samples.ben, .arrived), .person(Samples.ben, .away),
            .person(Samples.ben, .back), .person(Samples.ann, .introduced),
            .person(Samples.ben, .left))
        #expect(
            told == [
                "-- you are me; nobody else is here yet", "-- ben joined", "-- ben is away",
                "-- ben is back", "-- ann is here", "-- ben left",
            ])
    }

    @Test("what can no longer be had is said plainly")
    func missed() {
        #expect(
            lines(.missed(count: 12)) == [
                "-- 12 messages were said while you were away and can no longer be had"
            ])
        #expect(
            lines(.missed(count: 1)) == [
                "-- 1 message was said while you were away and can no longer be had"
            ])
        #expect(
            lines(.missed(count: nil)) == [
                "-- what was said while you were away, if anything, can no longer be had"
            ])
    }

    @Test("an offer tells how to answer it, with a name that is safe")
    func offers() {
        #expect(
            lines(Samples.joined(Samples.ann), Samples.offer()).last
                == "ann offers report.pdf, 12.4 MB: /accept 1 or /decline 1")
        #expect(
            lines(
                Samples.joined(Samples.ann),
                Samples.offer(2, name: "../a\u{202E} b", isPrivate: true)
            ).last
                == "ann offers you \"a b\", 12.4 MB: /accept 2 or /decline 2")
    }

    @Test("in a pipe a transfer is told at its start, at each quarter and at its end")
    func quarters() {
        let updates = stride(from: UInt64(0), through: 1000, by: 50).map {
            Samples.transfer(.running, bytes: $0)
        }
        var model = RoomModel(folder: "/in", drawsProgress: false)
        var told = updates.flatMap { model.apply($0) }.map(\.string)
        told += model.apply(
            Samples.transfer(.completed(fileName: "report (2).pdf"), bytes: 1000, sha256: "aa")
        )
        .map(\.string)
        #expect(
            told == [
                "-- receiving report.pdf from ann, 1.0 kB",
                "-- receiving report.pdf from ann: 25 %", "-- receiving report.pdf from ann: 50 %",
                "-- receiving report.pdf from ann: 75 %",
                "-- report.pdf from ann, 1.0 kB, is whole: /in/report (2).pdf (SHA-256 aa)",
            ])
    }

    @Test("on a terminal a transfer is one line that changes, gone when it is done")
    func progress() {
        var model = RoomModel(folder: "/in", drawsProgress: true)
        #expect(model.apply(Samples.transfer(.running, bytes: 430, rate: 10)).isEmpty)
        #expect(
            model.live.map(\.string) == [
                "1 receiving report.pdf [========            ] 43 % of 1.0 kB, 10 B/s, 0:57 left"
            ])
        #expect(model.apply(Samples.transfer(.waiting, bytes: 430)).isEmpty)
        #expect(
            model.live.map(\.string) == [
                "1 receiving report.pdf [========            ] 43 %, waiting for the connection"
            ])
        #expect(
            model.apply(Samples.transfer(.failed("full"))).map(\.string) == [
                "-- report.pdf from ann failed: full"
            ])
        #expect(model.live.isEmpty)
        for number in 1...7 {
            _ = model.apply(Samples.transfer(.running, bytes: 500, number: number))
        }
        #expect(model.live.count == 5)
        #expect(model.live.last?.string == "and 3 more, 50 %")
    }

    @Test("a message of one's own is below until the room has it, whichever is heard of first")
    func own() {
        let id = MessageID(number: 1)
        var model = RoomModel(folder: nil, drawsProgress: true)
        _ = model.apply(Samples.joined())
        #expect(model.queued(id, "hello\nyou").isEmpty)
        #expect(model.live.map(\.string) == ["   (sending) hello"])
        #expect(model.apply(.sent(id)).map(\.string) == ["me: hello", "    you"])
        #expect(model.live.isEmpty)
        #expect(model.apply(.sent(MessageID(number: 2))).isEmpty)
        #expect(model.queued(MessageID(number: 2), "early").map(\.string) == ["me: early"])
        _ = model.queued(MessageID(number: 3), "lost")
        #expect(
            model.apply(.uncertain(MessageID(number: 3))).map(\.string) == [
                "-- it is not known whether this was sent; say it again if it matters: lost"
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

    @Test("people are found by name, by name in other case, and by name and key")
    func finding() {
        var model = RoomModel(folder: nil, drawsProgress: false)
        let twin = Samples.person(9, "ann", "ffffffff")
        _ = model.apply(Samples.joined(Samples.ann, Samples.ben, twin))
        #expect(model.people.find("ben") == .one(Samples.ben.attachment))
        #expect(model.people.find("BEN") == .one(Samples.ben.attachment))
        #expect(model.people.find("ann#ffffffff") == .one(twin.attachment))
        #expect(model.people.find("ann") == .several(["ann#ab12cd34", "ann#ffffffff"]))
        #expect(model.people.find("me") == .none)
        #expect(model.people.find("") == .none)
    }
}
