import Client
import Foundation
import Synchronization
import Terminal
import Testing
import Wire

@testable import ChatUI

/// `docs/json.md` is what programs are written by; here it is held against what is written.
@Suite("docs/json.md") struct JSONDocumentTests {
    private static let document: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let bytes = try? Data(contentsOf: root.appendingPathComponent("docs/json.md"))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }()

    /// Told by the program itself, before a face is there.
    private static let typesOfOthers: Set = ["sandbox"]

    /// An object's members and theirs, in one text: `type=joined people=[key name]`.
    private func shape(_ line: String) throws -> String {
        try shape(of: JSONSerialization.jsonObject(with: Data(line.utf8)))
    }

    private func shape(of value: Any) -> String {
        if let object = value as? [String: Any] {
            let members = object.map { key, value in
                ["type", "change", "decision", "state"].contains(key)
                    ? "\(key)=\(value)" : "\(key)\(shape(of: value))"
            }
            return "{\(members.sorted().joined(separator: " "))}"
        }
        // An empty list has the shape of every list.
        return value is [Any] ? "[]" : ""
    }

    private func type(_ line: String) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object?["type"] as? String)
    }

    private var documented: [String] {
        Self.document.split(separator: "\n").filter { $0.hasPrefix("    {\"type\"") }
            .map { String($0.drop { $0 == " " }) }
    }

    /// At least one line of every type.
    private func written() async throws -> [String] {
        let newcomer = Newcomer(attachment: AttachmentID(9), name: "cid", keyTag: "4d1f00aa")
        let move = Move(secret: RoomSecret(), mover: Samples.ann, removed: Samples.ben)
        let id = MessageID(number: 1)
        let events: [ClientEvent] = [
            .connection(.connecting), .connection(.connected),
            .connection(.reconnecting(after: .seconds(1))), .connection(.unreachable),
            Samples.joined(),
            .outside(.waitingForApproval), .person(Samples.ben, .arrived),
            .person(Samples.ben, .renamed(from: "x")),
            .person(Samples.ben, .removed(by: Samples.ann)), .newcomer(newcomer),
            .decided(newcomer, .admitted(by: Samples.ann)), .decided(newcomer, .gone),
            .moved(move), .keyChanged(Samples.ann, formerKeyTags: ["0f0f1e1e"]),
            .warning(.init(kind: .differentConversation, person: Samples.ben, sentence: "x")),
            Samples.message("x"), .sent(id), .uncertain(id), .received(id, by: 1, of: 2),
            .alone(isInside: true),
            .missed(count: 1), Samples.offer(), Samples.transfer(.running),
            Samples.transfer(.completed(fileName: "x"), sha256: "aa"),
            .offered(OwnOffer(number: OfferNumber(1), path: "x")), .settled(OfferNumber(1)),
            Samples.transfer(.queued, direction: .sending), .notice("x"),
        ]
        let lines = Mutex<[String]>([])
        let face = JSONFace(
            session: ScriptedRoom(people: [Samples.ann]) {
                $0 == "accept 7" ? .noSuchOffer(OfferNumber(7)) : nil
            }, link: Samples.link, folder: "/in",
            acceptsAll: false,
            reader: InputReader(poller: InputPoller(descriptor: -1, signals: [])),
            write: { line in
                lines.withLock { $0.append(String(line.dropLast())) }
                return true
            })
        await face.handle(Samples.joined(Samples.ann))
        for event in events { await face.handle(event) }
        await face.handle(Samples.joined(Samples.ann))
        for command in [
            #"{"type":"say","text":"x"}"#, #"{"type":"send","path":"x"}"#, #"{"type":"who"}"#,
            #"{"type":"invite"}"#, #"{"type":"verify","person":"ann"}"#, #"{"type":"dance"}"#,
            #"{"type":"say","text":"x","id":"a"}"#, #"{"type":"say","text":5,"id":"a"}"#, "x",
            #"{"type":"accept","offer":7,"id":12}"#, #"{"type":"send","path":"x","id":"a"}"#,
        ] { _ = await face.handle(InputPoller.Event.bytes(Array("\(command)\n".utf8))) }
        return lines.withLock { $0 } + [JSONEvent.closed.line]
    }

    @Test("every event is documented with the members that it has", .timeLimit(.minutes(1)))
    func events() async throws {
        let written = try await written()
        let documentedShapes = Set(try documented.map(shape))
        let writtenShapes = Set(try written.map(shape))
        for line in written {
            #expect(documentedShapes.contains(try shape(line)), "not documented: \(line)")
        }
        for line in documented where !Self.typesOfOthers.contains(try type(line)) {
            #expect(writtenShapes.contains(try shape(line)), "not written: \(line)")
        }
        let headings = Self.document.split(separator: "\n").filter { $0.hasPrefix("### ") }
            .flatMap { $0.dropFirst(4).split(separator: ", ").map(String.init) }
        #expect(Set(headings).isSuperset(of: try written.map(type)))
        let words = RoomWarning.Kind.allCases.map(\.rawValue) + Outside.allCases.map { "\($0)" }
        for word in words { #expect(Self.document.contains("`\(word)`"), "\(word)") }
    }

    @Test("every command is documented, and every documented one is understood")
    func commands() throws {
        let rows = Self.document.split(separator: "\n").filter { $0.hasPrefix("| `{") }
        let commands = rows.compactMap { $0.firstMatch(of: /`(\{.*?\})`/)?.1 }.map(String.init)
        for command in commands { _ = try JSONCommand(parsing: command) }
        #expect(Set(try commands.map(type)) == Set(JSONCommand.types))
    }
}
