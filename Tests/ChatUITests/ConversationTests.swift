import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite("What commands come to", .timeLimit(.minutes(1))) struct ConversationTests {
    private let lister = FolderLister(roots: ["/files", "/home/me/in"], current: "/files") {
        folder in
        switch folder {
        case "/files":
            [
                .init(name: "a.txt", isFolder: false), .init(name: "ann", isFolder: false),
                .init(name: "bad\nname", isFolder: false),
                .init(name: "my dir", isFolder: true), .init(name: "report.pdf", isFolder: false),
            ]
        case "/files/my dir": [.init(name: "b.txt", isFolder: false)]
        default: []
        }
    }

    private func model(_ more: ClientEvent...) -> RoomModel {
        var model = RoomModel(folder: "/home/me/in", link: Samples.link, isLive: true)
        for event in [Samples.joined(Samples.ann, Samples.ben)] + more {
            _ = model.apply(event, at: Samples.noon)
        }
        return model
    }

    private func perform(
        _ line: String, _ model: RoomModel, _ room: ScriptedRoom
    ) async -> [String] {
        var model = model
        let conversation = Conversation(session: room, lister: lister)
        let replies = await conversation.perform(line, model, at: Samples.noon)
        return replies.flatMap { Samples.lines(model.take($0, at: Samples.noon)) }
    }

    @Test("files go to the room, or to each of those named")
    func send() async {
        let room = ScriptedRoom()
        _ = await perform("/send a.txt", model(), room)
        let told = await perform("/send /x/y.txt 'report.pdf' ben @ann", model(), room)
        #expect(
            room.asked == [
                "offer a.txt to all", "offer /x/y.txt to 3", "offer /x/y.txt to 2",
                "offer report.pdf to 3", "offer report.pdf to 2",
            ])
        #expect(told.isEmpty)
        var model = model()
        let offer = OwnOffer(number: OfferNumber(2), path: "/x/y.txt", recipient: Samples.ben)
        #expect(
            Samples.lines(model.apply(.offered(offer), at: Samples.noon))
                == ["-- y.txt is offered to ben as number 2; /cancel 2 takes it back"])
        #expect(model.onlyCancellable == OfferNumber(2))
        _ = model.apply(.settled(OfferNumber(2)), at: Samples.noon)
        #expect(model.onlyCancellable == nil)
    }

    @Test("it is told why a file waits to be offered")
    func queued() {
        var model = model()
        let queued = Samples.transfer(.queued, direction: .sending, number: 4)
        #expect(
            Samples.lines(model.apply(queued, at: Samples.noon))
                == [
                    "-- report.pdf waits to be offered, as number 4: earlier ones are to be answered first; /cancel 4 ends that"
                ])
        let own = OwnOffer(number: OfferNumber(4), path: "report.pdf")
        _ = model.apply(.offered(own), at: Samples.noon)
        #expect(
            Samples.lines(model.apply(queued, at: Samples.noon))
                == ["-- report.pdf waits: ann has many of your offers open"])
        #expect(!model.isTransferring)
    }

    @Test("a name that is also a file's is the file; nothing goes when somebody is not known")
    func sendDoubtful() async {
        let room = ScriptedRoom()
        _ = await perform("/send a.txt ann", model(), room)
        #expect(room.asked == ["offer a.txt to all", "offer ann to all"])
        let told = await perform("/send a.txt nobody", model(), room)
        #expect(room.asked.count == 2)
        #expect(
            told == [
                "error: nobody is neither a file that can be sent nor somebody here; nothing was sent"
            ])
        #expect(
            await perform("/send a.txt @nobody", model(), room)
                == ["error: nobody here is called @nobody; /who lists the names"])
        let refusing = ScriptedRoom { _ in .file("it is a folder") }
        #expect(
            await perform("/send a.txt ben @ann", model(), refusing)
                == ["error: a.txt: it is a folder"])
    }

    @Test("the number to compare is shown, then the mark is set")
    func verify() async {
        let room = ScriptedRoom(people: [Samples.ann, Samples.ben])
        #expect(
            await perform("/verify ann", model(), room) == [
                "-- read this to ann by telephone or face to face; /verify shows them the same:",
                "   12345 67890 12345 67890 12345 67890",
                "-- when both agree: /verify ann yes; else: /verify ann no",
            ])
        #expect(await perform("/verify ann yes", model(), room).isEmpty)
        #expect(await perform("/verify ben no", model(), room).isEmpty)
        #expect(room.asked == ["verification 2", "verified true 2", "verified false 3"])
    }

    @Test("people are removed, and oneself is renamed")
    func people() async {
        let room = ScriptedRoom()
        #expect(await perform("/remove ben", model(), room).isEmpty)
        #expect(await perform("/name Ann Other", model(), room).isEmpty)
        #expect(room.asked == ["remove 3", "rename Ann Other"])
        let unnamed = ScriptedRoom { _ in .name(.invisible) }
        #expect(
            await perform("/name \u{200B}", model(), unnamed)
                == ["error: \(NameError.invisible.sentence)"])
        let refusing = ScriptedRoom { _ in .outside }
        #expect(
            await perform("/remove ben", model(), refusing)
                == ["error: \(ClientRefusal.outside.sentence)"])
    }

    @Test("who asks to be let in is named when there are several")
    func door() async {
        let room = ScriptedRoom()
        let cid = Newcomer(attachment: AttachmentID(20), name: "cid", keyTag: "12341234")
        let dot = Newcomer(attachment: AttachmentID(21), name: "dot", keyTag: "56785678")
        #expect(
            await perform("/admit", model(), room) == ["error: nobody asks to be let in now"])
        #expect(await perform("/admit", model(.newcomer(cid)), room).isEmpty)
        let both = model(.newcomer(cid), .newcomer(dot))
        #expect(
            await perform("/admit", both, room)
                == ["error: say which one: cid#12341234 or dot#56785678"])
        #expect(await perform("/refuse dot", both, room).isEmpty)
        #expect(await perform("/admit cid#12341234", both, room).isEmpty)
        #expect(room.asked == ["admit 20", "refuse 21", "admit 20"])
    }

    @Test("who is here, who has what was said last, and the link")
    func who() async {
        let room = ScriptedRoom(people: [Samples.ann, Samples.ben])
        #expect(
            await perform("/who", model(), room) == [
                "me#00000001 (you)", "ann#ab12cd34", "ben#99887766",
                "your last message was received by ann", "and not yet by ben",
            ])
        #expect(
            await perform("/invite", model(), room)
                == ["-- whoever has this link can come in:", Samples.link.text])
    }

    @Test("a file that came is found by its number, the last without one")
    func open() async {
        let one = Samples.transfer(.completed(fileName: "a.txt"), number: 1)
        let two = Samples.transfer(.completed(fileName: "b.txt"), number: 2)
        let room = ScriptedRoom()
        #expect(await perform("/open", model(one, two), room) == ["/home/me/in/b.txt"])
        #expect(await perform("/open 1", model(one, two), room) == ["/home/me/in/a.txt"])
        #expect(
            await perform("/open 3", model(one, two), room)
                == ["error: no such file has come; /transfers lists what is under way"])
    }

    @Test(
        "Tab completes commands, names, and files in the folders that files are sent from",
        arguments: [
            ("/he", ["/help "], 3), ("/re", ["/refuse ", "/remove "], 3),
            ("a", ["ann: "], 1), ("hi @AN", ["@ann"], 3), ("/verify b", ["ben"], 1),
            ("/me hugs b", ["ben"], 1), ("/notify m", ["mentions"], 1),
            ("/send ", ["a.txt ", "ann ", "\"my dir/", "report.pdf "], 0),
            ("/send \"my dir/", ["\"my dir/b.txt\" "], 8), ("/send my\\ d", ["\"my dir/"], 5),
            ("/send a.txt be", ["ben "], 2), ("/send a.txt an", ["ann ", "ann "], 2),
            ("/send a.txt @a", ["@ann "], 2), ("/send /files/rep", ["/files/report.pdf "], 10),
            ("/send ../files/rep", ["../files/report.pdf "], 12),
        ])
    func completion(before: String, candidates: [String], count: Int) {
        let completer = Completer(model: model(), lister: lister)
        #expect(completer.complete(before) == .candidates(candidates, replacing: count))
    }

    @Test("nothing is offered where nothing fits, and outside of the folders it is said why")
    func noCompletion() {
        let completer = Completer(model: model(), lister: lister)
        for before in ["", "hi ", "zz", "/zz", "//wh", "/who x", "/send a.tx\n/w"] {
            #expect(completer.complete(before) == .nothing, "\(before)")
        }
        guard case .hint(let text) = completer.complete("/send /etc/pa") else {
            Issue.record("no hint")
            return
        }
        #expect(text.string.contains("--share"))
        guard case .hint = completer.complete("/send ../../etc/pa") else {
            Issue.record("no hint for a way out")
            return
        }
    }
}
