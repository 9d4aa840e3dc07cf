import Client
import Wire

/// People and events as tests need them.
enum Samples {
    static let me = person(1, "me", "00000001")
    static let ann = person(2, "ann", "ab12cd34")
    static let ben = person(3, "ben", "99887766")

    static func person(_ id: UInt64, _ name: String, _ tag: String, away: Bool = false) -> Person {
        Person(attachment: AttachmentID(id), name: name, keyTag: tag, isAway: away)
    }

    static func joined(_ people: Person...) -> ClientEvent {
        .joined(.init(me: me, standing: .newcomer, people: people))
    }

    static func message(_ text: String, from person: Person = ann) -> ClientEvent {
        .message(Message(id: MessageID(number: 7), sender: person, text: text))
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
        number: Int = 1, rate: Double? = nil, sha256: String? = nil
    ) -> ClientEvent {
        .transfer(
            TransferUpdate(
                number: OfferNumber(number), direction: direction, state: state, peer: ann,
                fileName: "report.pdf", bytes: bytes, size: 1000, rate: rate, sha256: sha256))
    }
}
