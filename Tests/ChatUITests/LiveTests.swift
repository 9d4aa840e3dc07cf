import Client
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite("What is drawn live") struct LiveTests {
    private func model(_ events: ClientEvent...) -> RoomModel {
        var model = RoomModel(folder: "/in", link: Samples.link, isLive: true)
        for event in events { _ = model.apply(event, at: Samples.noon) }
        return model
    }

    @Test("a transfer is one line that changes, shorter where there is less room, gone when done")
    func transfer() {
        var model = model(Samples.transfer(.running, bytes: 430, rate: 10))
        #expect(
            model.live().first
                == "1 ↓ report.pdf  █████───────  43%  10 B/s  0:57 left  from ann")
        #expect(
            model.live(columns: 50).first == "1 ↓ report.pdf  43%  10 B/s  0:57 left  from ann")
        #expect(model.live(columns: 30).first == "1 ↓ report.pdf  43%  0:57 left")
        #expect(model.live(columns: 19).first == "1 ↓ report  43%")
        #expect(model.live(columns: 10).first == "43%")
        _ = model.apply(Samples.transfer(.waiting, bytes: 430), at: Samples.noon)
        #expect(
            model.live().first
                == "1 ↓ report.pdf  43%  waiting for the connection  from ann")
        let told = model.apply(Samples.transfer(.failed("full")), at: Samples.noon)
        #expect(Samples.lines(told) == ["error: report.pdf from ann failed: full"])
        #expect(model.live() == ["chat.example:4242 · connecting"])
    }

    @Test("a transfer with somebody who is away or gone says that it waits for them")
    func absentPeer() {
        var away = Samples.ann
        away.isAway = true
        var model = model(Samples.joined(Samples.ann), Samples.transfer(.running, bytes: 430))
        #expect(model.live().first?.hasPrefix("1 ↓ report.pdf  █") == true)
        let waits = "1 ↓ report.pdf  43%  waiting for ann to come back  from ann"
        for event in [.person(away, .away), .person(away, .left)] as [ClientEvent] {
            _ = model.apply(event, at: Samples.noon)
            #expect(model.live().first == waits)
        }
        #expect(
            model.transferLines
                == ["1 receiving report.pdf from ann, 43% of 1.0 kB, waiting for ann to come back"])
        _ = model.apply(.person(Samples.ann, .back), at: Samples.noon)
        #expect(model.live().first?.hasPrefix("1 ↓ report.pdf  █") == true)
    }

    @Test(
        "of many transfers four are lines of their own and the others one, within the room there is"
    )
    func manyTransfers() {
        var model = model()
        for number in 1...7 {
            _ = model.apply(
                Samples.transfer(.running, bytes: 500, number: number), at: Samples.noon)
        }
        #expect(model.live().count == 6)
        #expect(model.live()[4] == "and 3 more, 50%")
        #expect(model.live(lines: 3)[1] == "and 6 more, 50%")
        #expect(model.live(lines: 2).first == "7 files under way, 50%")
        #expect(model.live(lines: 1) == ["chat.example:4242 · connecting"])
    }

    @Test("a message of one's own is below until the room has it, whichever is heard of first")
    func own() {
        let id = MessageID(number: 1)
        var model = model(Samples.joined())
        #expect(model.queued(id, "hello\nyou", at: Samples.noon).isEmpty)
        #expect(model.live().first == "sending: hello")
        #expect(
            Samples.lines(model.apply(.sent(id), at: Samples.noon)) == ["me: hello", "    you"])
        #expect(model.live().count == 1)
        #expect(model.apply(.sent(MessageID(number: 2)), at: Samples.noon).isEmpty)
        #expect(
            Samples.lines(model.queued(MessageID(number: 2), "early", at: Samples.noon))
                == ["me: early"])
        _ = model.queued(MessageID(number: 3), "lost", at: Samples.noon)
        #expect(
            Samples.lines(model.apply(.uncertain(MessageID(number: 3)), at: Samples.noon)) == [
                "error: it is not known whether this was sent; say it again if it matters: lost"
            ])
        for number in 4...9 {
            _ = model.queued(MessageID(number: UInt128(number)), "x", at: Samples.noon)
        }
        #expect(
            model.live().dropLast() == Array(repeating: "sending: x", count: 3) + ["sending 3 more"]
        )
        #expect(model.live(lines: 3).dropLast() == ["sending: x", "sending 5 more"])
    }

    @Test("the status has who is here, the connection, the encryption, receipts and what is asked")
    func status() {
        let away = Samples.person(4, "cid", "44444444", away: true)
        var model = model(.connection(.connected), Samples.joined(Samples.ann, away))
        #expect(
            model.live()
                == [
                    "chat.example:4242 · 2 here, 1 away · connected since 12:00 · end-to-end encrypted"
                ].map { String($0.dropFirst("chat.example:4242 · ".count)) })
        _ = model.queued(MessageID(number: 1), "x", at: Samples.noon)
        _ = model.apply(.sent(MessageID(number: 1)), at: Samples.noon)
        _ = model.apply(.received(MessageID(number: 1), by: 1, of: 2), at: Samples.noon)
        #expect(model.live(columns: 120)[0].hasSuffix("encrypted · received by 1 of 2"))
        _ = model.apply(
            .newcomer(Newcomer(attachment: AttachmentID(20), name: "dot", keyTag: "55555555")),
            at: Samples.noon)
        #expect(model.live(columns: 200)[0].hasSuffix(" · 1 asks to come in: /admit"))
        var later = Samples.noon
        later.minute = 7
        _ = model.apply(.connection(.reconnecting(after: .seconds(1))), at: later)
        #expect(model.live(columns: 40) == ["reconnecting since 12:07"])
        #expect(model.live(columns: 8) == ["reconnec"])
    }

    @Test("a post-quantum suite is called so, once there is one")
    func encryption() {
        let joined = ClientEvent.Joined(
            me: Samples.me, standing: .newcomer, people: [],
            protection: Protection(suite: "MLS 1.0", isPostQuantum: true))
        var model = model(.joined(joined))
        #expect(model.live(columns: 120)[0].contains("post-quantum encrypted"))
    }
}
