import ChatUI
import Client
import Terminal
import Wire

/// People and events as tests need them.
enum Samples {
    static let me = person(1, "me", "00000001")
    static let ann = person(2, "ann", "ab12cd34")
    static let ben = person(3, "ben", "99887766")
    static let noon = WallTime(
        year: 2026, month: 11, day: 23, weekday: 1, hour: 12, minute: 0)
    static let link = Link(
        address: ServerAddress(host: "chat.example", port: 4242),
        trust: .pin(ServerPin(bytes: Array(repeating: 1, count: 16))),
        secret: RoomSecret(bytes: Array(repeating: 2, count: 16)))

    static func person(_ id: UInt64, _ name: String, _ tag: String, away: Bool = false) -> Person {
        Person(attachment: AttachmentID(id), name: name, keyTag: tag, isAway: away)
    }

    static func joined(_ people: Person...) -> ClientEvent {
        .joined(.init(me: me, standing: .newcomer, people: people))
    }

    static func message(
        _ text: String, from person: Person = ann, isAction: Bool = false
    ) -> ClientEvent {
        .message(
            Message(id: MessageID(number: 7), sender: person, text: text, isAction: isAction))
    }

    static func offer(
        _ number: Int = 1, name: String = "report.pdf", isPrivate: Bool = false
    ) -> ClientEvent {
        .offer(
            IncomingOffer(
                number: OfferNumber(number), sender: ann, fileName: name, size: 12_400_000,
                isPrivate: isPrivate))
    }

    static func transfer(
        _ state: TransferUpdate.State, bytes: UInt64 = 0,
        direction: TransferUpdate.Direction = .receiving,
        number: Int = 1, rate: Double? = nil, sha256: String? = nil, name: String = "report.pdf"
    ) -> ClientEvent {
        .transfer(
            TransferUpdate(
                number: OfferNumber(number), direction: direction, state: state, peer: ann,
                fileName: name, bytes: bytes, size: 1000, rate: rate, sha256: sha256))
    }

    /// What is told, as a pipe has it.
    static func lines(_ told: [Told], _ style: PlainLines.Style = .pipe) -> [String] {
        told.flatMap { PlainLines(style).lines(of: $0) }.map(\.string)
    }
}

extension RoomModel {
    mutating func live(columns: Int = 79, lines: Int = 10) -> [String] {
        live(lines: lines, columns: columns, width: CellWidth()).map(\.text.string)
    }
}
