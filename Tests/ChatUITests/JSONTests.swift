import Client
import Foundation
import Synchronization
import Terminal
import Testing
import Wire

@testable import ChatUI

@Suite struct JSONTests {
    private func line(_ event: ClientEvent) -> String {
        JSONEvent(event, time: "2026-11-23T12:00:00.000Z", folder: "/in").line
    }

    @Test("every event is one line that begins with its type")
    func events() {
        let ann =
            #"{"attachment":"2","name":"ann","key":"ab12cd34","away":false,"verified":false,"new":false}"#
        let rows: [(ClientEvent, String)] = [
            (
                Samples.joined(Samples.ann),
                #"{"type":"joined","attachment":"1","name":"me","key":"00000001","standing":"newcomer","people":[\#(ann)],"protection":{"suite":"","postQuantum":true,"approval":false}}"#
            ),
            (.connection(.connecting), #"{"type":"connection","state":"connecting"}"#),
            (
                .connection(.reconnecting(after: .milliseconds(1500))),
                #"{"type":"connection","state":"reconnecting","after":1.5}"#
            ),
            (
                Samples.message("a\"b"),
                #"{"type":"message","id":"00000000000000000000000000000007","from":\#(ann),"text":"a\"b","action":false,"time":"2026-11-23T12:00:00.000Z"}"#
            ),
            (
                .sent(MessageID(number: 255)),
                #"{"type":"sent","id":"000000000000000000000000000000ff"}"#
            ),
            (
                .uncertain(MessageID(number: 1)),
                #"{"type":"uncertain","id":"00000000000000000000000000000001"}"#
            ),
            (
                .person(Samples.ann, .arrived),
                #"{"type":"person","change":"arrived","person":\#(ann)}"#
            ),
            (.missed(count: 3), #"{"type":"missed","count":3}"#),
            (.missed(count: nil), #"{"type":"missed","count":null}"#),
            (
                Samples.offer(name: "../x"),
                #"{"type":"offer","offer":1,"name":"../x","safeName":"x","size":12400000,"from":\#(ann),"private":false}"#
            ),
            (
                Samples.transfer(.completed(fileName: "r.pdf"), bytes: 1000, sha256: "aa"),
                #"{"type":"transfer","offer":1,"direction":"receiving","state":"completed","name":"report.pdf","bytes":1000,"size":1000,"peer":\#(ann),"path":"/in/r.pdf","sha256":"aa"}"#
            ),
            (
                Samples.transfer(.failed("why"), direction: .sending),
                #"{"type":"transfer","offer":1,"direction":"sending","state":"failed","name":"report.pdf","bytes":0,"size":1000,"peer":\#(ann),"error":"why"}"#
            ),
            (.notice("n"), #"{"type":"notice","text":"n"}"#),
        ]
        for (event, text) in rows { #expect(line(event) == text) }
    }

    @Test(
        "strings come back exactly, and the line holds nothing that a terminal obeys",
        arguments: [
            "plain ünï 日本 👩‍👩‍👧‍👦", "\u{1B}[2J\u{7}\u{9B}\u{7F}\0", "a\r\nb\tc",
            "\u{2028}\u{202E}\u{200B}\u{FEFF}",
            "\u{E0041}\u{10FFFF}\u{E000}", "\\\"/", "e\u{301}", "",
        ])
    func exactStrings(text: String) throws {
        let line = self.line(.notice(text))
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        let back = try #require(object?["text"])
        #expect(back.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(
            line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        )
    }

    @Test(
        "commands are read, one object a line",
        arguments: [
            (#"{"type":"say","text":"a\nb"}"#, JSONCommand.say("a\nb", isAction: false)),
            (#"{"type":"say","text":"waves","action":true}"#, .say("waves", isAction: true)),
            (#"{"type":"name","name":"b"}"#, .name("b")), (#"{"type":"invite"}"#, .invite),
            (#"{"type":"verify","person":"a"}"#, .verify("a", mark: nil)),
            (#"{"type":"verify","person":"a","verified":false}"#, .verify("a", mark: false)),
            (#"{"type":"remove","person":"a"}"#, .remove("a")),
            (#"{"type":"admit","person":"a"}"#, .admit("a")),
            (#"{"type":"refuse","person":"a"}"#, .refuse("a")),
            (#"{"type":"send","path":"/a"}"#, .send(path: "/a", to: nil)),
            (#"{"type":"send","path":"/a","to":"ann"}"#, .send(path: "/a", to: "ann")),
            (#" {"offer":3,"type":"accept","extra":[1]} "#, .accept(3)),
            (#"{"type":"decline","offer":3}"#, .decline(3)),
            (#"{"type":"cancel","offer":3}"#, .cancel(3)),
            (#"{"type":"who"}"#, .who), (#"{"type":"quit"}"#, .quit),
        ])
    func commands(line: String, command: JSONCommand) throws {
        #expect(try JSONCommand(parsing: line) == command)
    }

    @Test(
        "bad commands are refused with a reason",
        arguments: [
            ("hello", JSONCommandError.notACommand), ("{", .notACommand), ("[]", .notACommand),
            ("null", .notACommand), ("{}", .notACommand), (#"{"type":1}"#, .notACommand),
            (#"{"type":"say","text":5}"#, .wrong("say", "text")),
            (#"{"type":"say","text":"\ud800"}"#, .wrong("say", "text")),
            (#"{"type":"say","text":""}"#, .missing("say", "text")),
            (#"{"type":"say","text":"x","action":1}"#, .wrong("say", "action")),
            (#"{"type":"accept","offer":1.5}"#, .wrong("accept", "offer")),
            (#"{"type":"accept","offer":"1"}"#, .wrong("accept", "offer")),
            (#"{"type":"accept","offer":99999999999999999999}"#, .wrong("accept", "offer")),
            (#"{"type":"who","id":1.5}"#, .wrong("who", "id")),
            (#"{"type":"who","id":[1]}"#, .wrong("who", "id")),
            (
                "{\"type\":\"who\",\"id\":\"\(String(repeating: "x", count: 129))\"}",
                .wrong("who", "id")
            ),
            (String(repeating: "[", count: 100_000), .notACommand),
            (#"{"type":"say"}"#, .missing("say", "text")),
            (#"{"type":"accept"}"#, .missing("accept", "offer")),
            (#"{"type":"verify"}"#, .missing("verify", "person")),
            (#"{"type":"name"}"#, .missing("name", "name")),
            (#"{"type":"dance"}"#, .unknown("dance")),
        ])
    func badCommands(line: String, error: JSONCommandError) {
        #expect(throws: error) { try JSONCommand(parsing: line) }
    }

    @Test(
        "what answers a command has its id, and an error what it is about", .timeLimit(.minutes(1)))
    func ids() async {
        let room = ScriptedRoom(people: [Samples.ann]) {
            $0 == "accept 7" ? .noSuchOffer(OfferNumber(7)) : nil
        }
        let lines = Mutex<[String]>([])
        let face = JSONFace(
            session: room, link: nil, folder: "/in", acceptsAll: false,
            reader: InputReader(poller: InputPoller(descriptor: -1, signals: [])),
            write: { line in
                lines.withLock { $0.append(String(line.dropLast())) }
                return true
            })
        await face.handle(Samples.joined(Samples.ann))
        func answer(_ command: String) async -> String? {
            _ = await face.handle(InputPoller.Event.bytes(Array("\(command)\n".utf8)))
            return lines.withLock { $0.last }
        }
        for (command, members) in [
            (#"{"type":"say","text":"x","id":"a1"}"#, #""for":"a1"}"#),
            (#"{"type":"who","id":2}"#, #""for":2}"#),
            (#"{"type":"invite","id":-3}"#, #""for":-3}"#),
            (#"{"type":"send","path":"x","id":4}"#, #""path":"x","for":4}"#),
            (#"{"type":"verify","person":"ann","id":5}"#, #""for":5}"#),
            (#"{"type":"accept","offer":7,"id":6}"#, #""command":"accept","offer":7,"for":6}"#),
            (
                #"{"type":"accept","offer":"7","id":"b"}"#,
                #""command":"accept","member":"offer","for":"b"}"#
            ),
            (#"{"type":"remove","person":"eve","id":7}"#, #""command":"remove","for":7}"#),
            (#"{"type":"remove","person":"me"}"#, #"somebody else","command":"remove"}"#),
            (#"{"type":"dance","id":8}"#, #""command":"dance","for":8}"#),
            (#"{"type":"who","id":true}"#, #""command":"who","member":"id"}"#),
        ] {
            let line = await answer(command)
            #expect(line?.hasSuffix(members) == true, "\(line ?? "")")
        }
        // A line that is no UTF-8 is not guessed at.
        _ = await face.handle(InputPoller.Event.bytes([0x7B, 0xE9, 0x7D, 0x0A]))
        #expect(
            lines.withLock { $0.last }
                == #"{"type":"error","text":"a line is not UTF-8, and was passed over"}"#)
    }

    @Test(
        "times are written as RFC 3339 says",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_795_438_799_999, "2026-11-23T12:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
        ])
    func times(milliseconds: Int64, text: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == text)
    }

    @Test("lines are found however the bytes are cut")
    func lines() {
        let bytes = Array("one\r\ntwo\n\nlast".utf8)
        for cut in 0...bytes.count {
            var splitter = LineSplitter()
            let lines = splitter.feed(Array(bytes[..<cut])) + splitter.feed(Array(bytes[cut...]))
            #expect(
                lines + splitter.finish() == ["one", "two", "", "last"].map(LineSplitter.Line.text))
            #expect(splitter.finish().isEmpty)
        }
    }
}
