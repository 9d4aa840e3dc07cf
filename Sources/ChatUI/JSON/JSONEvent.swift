package import Client
import Folder
package import Wire

/// One line of the JSON face: an object whose first member is `type`.
///
/// Names, texts and file names are exactly as they came; `docs/json.md` lists every type.
package struct JSONEvent: Sendable, Equatable {
    package private(set) var value: JSONValue

    package init(_ type: String, _ members: [(String, JSONValue?)] = []) {
        let given = members.compactMap { key, value in value.map { (key: key, value: $0) } }
        value = .object([(key: "type", value: .string(type))] + given)
    }

    /// The line without its end.
    package var line: String { value.text }

    /// - Parameters:
    ///   - event: what happened.
    ///   - time: when, as RFC 3339, for messages.
    ///   - folder: where received files are, for their paths.
    ///   - link: the link by which others come in, after this event.
    package init(_ event: ClientEvent, time: String, folder: String?, link: Link? = nil) {
        switch event {
        // joined {attachment, name, key, standing, people: [person], protection}
        case .joined(let joined):
            self.init(
                "joined",
                [
                    ("attachment", Self.id(joined.me.attachment)),
                    ("name", .string(joined.me.name)),
                    ("key", .string(joined.me.keyTag)), ("standing", .string("\(joined.standing)")),
                    ("people", .array(joined.people.map(Self.person))),
                    ("protection", Self.protection(joined.protection)),
                ])
        // connection {state: connecting | connected | reconnecting | unreachable, after?: seconds}
        case .connection(let state): self = Self.connection(state)
        // message {id, from: person, text, action, time}
        case .message(let message):
            self.init(
                "message",
                [
                    ("id", Self.id(message.id)), ("from", Self.person(message.sender)),
                    ("text", .string(message.text)), ("action", .bool(message.isAction)),
                    ("time", .string(time)),
                ])
        // sent {id}: a message of ours is in the room
        case .sent(let id): self.init("sent", [("id", Self.id(id))])
        // uncertain {id}: it is not known whether a message of ours reached the room
        case .uncertain(let id): self.init("uncertain", [("id", Self.id(id))])
        // person {change: arrived | away | back | left | renamed | verified |
        // unverified | removed, person, from?: name, by?: person}
        case .person(let person, let change): self = Self.person(person, change)
        // missed {count: number or null}
        case .missed(let count):
            self.init("missed", [("count", count.map(JSONValue.integer) ?? .null)])
        // offer {offer, name, safeName, size, from: person, private}
        case .offer(let offer): self = Self.offer(offer)
        case .transfer(let update): self = Self.transfer(update, folder: folder)
        // offered {offer, path}: a file of ours, and its number
        case .offered(let offer):
            self.init(
                "offered",
                [("offer", .integer(offer.number.number)), ("path", .string(offer.path))])
        // settled {offer}: nothing more comes of a file of ours by itself
        case .settled(let number): self.init("settled", [("offer", .integer(number.number))])
        // received {id, by, of}: so many of the others have a message of ours
        case .received(let id, let by, let of):
            self.init(
                "received", [("id", Self.id(id)), ("by", .integer(by)), ("of", .integer(of))])
        case .newcomer, .decided, .outside, .alone, .keyChanged, .warning, .moved:
            self = Self.roomEvent(event, link)
        // notice {text}
        case .notice(let text): self.init("notice", [("text", .string(text))])
        }
    }

    private static func person(
        _ person: Person, _ change: ClientEvent.PersonChange
    ) -> JSONEvent {
        var members: [(String, JSONValue?)] = [("person", Self.person(person))]
        let word: String
        switch change {
        case .renamed(let old):
            word = "renamed"
            members.append(("from", .string(old)))
        case .verified(let isVerified): word = isVerified ? "verified" : "unverified"
        case .removed(let by):
            word = "removed"
            members.append(("by", Self.person(by)))
        case .arrived, .away, .back, .left: word = "\(change)"
        }
        return JSONEvent("person", [("change", .string(word))] + members)
    }

    /// protection: {suite, postQuantum, approval}
    private static func protection(_ protection: Protection) -> JSONValue {
        .object([
            (key: "suite", value: .string(protection.suite)),
            (key: "postQuantum", value: .bool(protection.isPostQuantum)),
            (key: "approval", value: .bool(protection.needsApproval)),
        ])
    }

    /// newcomer: {attachment, name, key, verified}
    static func newcomer(_ newcomer: Newcomer) -> JSONValue {
        .object([
            (key: "attachment", value: id(newcomer.attachment)),
            (key: "name", value: .string(newcomer.name)),
            (key: "key", value: .string(newcomer.keyTag)),
            (key: "verified", value: .bool(newcomer.isVerified)),
        ])
    }

    /// What happens at the door and to the room itself.
    private static func roomEvent(_ event: ClientEvent, _ link: Link?) -> JSONEvent {
        switch event {
        // newcomer {newcomer}: asks to be let in
        case .newcomer(let newcomer):
            JSONEvent("newcomer", [("newcomer", Self.newcomer(newcomer))])
        // decided {newcomer, decision: admitted | refused | gone, by?: person}
        case .decided(let newcomer, let decision): decided(newcomer, decision)
        // outside {reason: asking | waitingForApproval | nobodyAnswers | roomIsFull | otherSuite |
        // otherClock}
        case .outside(let why): JSONEvent("outside", [("reason", .string("\(why)"))])
        // alone {inside}: nobody was met for some time
        case .alone(let isInside): JSONEvent("alone", [("inside", .bool(isInside))])
        // keyChanged {person, formerKeys: [key]}
        case .keyChanged(let person, let tags):
            JSONEvent(
                "keyChanged",
                [
                    ("person", Self.person(person)),
                    ("formerKeys", .array(tags.map(JSONValue.string))),
                ])
        // warning {kind, person?, text}
        case .warning(let warning):
            JSONEvent(
                "warning",
                [
                    ("kind", .string(warning.kind.rawValue)),
                    ("person", warning.person.map(Self.person)),
                    ("text", .string(warning.sentence)),
                ])
        // moved {by: person, removed?: person, link}
        case .moved(let move):
            JSONEvent(
                "moved",
                [
                    ("by", person(move.mover)), ("removed", move.removed.map(Self.person)),
                    ("link", link.map { .string($0.text) }),
                ])
        default: JSONEvent("notice", [])
        }
    }

    private static func decided(_ who: Newcomer, _ decision: Newcomer.Decision) -> JSONEvent {
        let word: String
        var by: Person?
        switch decision {
        case .admitted(let person): (word, by) = ("admitted", person)
        case .refused(let person): (word, by) = ("refused", person)
        case .gone: word = "gone"
        }
        return JSONEvent(
            "decided",
            [
                ("newcomer", newcomer(who)), ("decision", .string(word)),
                ("by", by.map(Self.person)),
            ])
    }

    private static func connection(_ state: ClientEvent.ConnectionState) -> JSONEvent {
        switch state {
        case .connecting: JSONEvent("connection", [("state", .string("connecting"))])
        case .connected: JSONEvent("connection", [("state", .string("connected"))])
        case .reconnecting(let after):
            JSONEvent(
                "connection",
                [("state", .string("reconnecting")), ("after", .number(after / .seconds(1)))])
        case .unreachable: JSONEvent("connection", [("state", .string("unreachable"))])
        }
    }

    private static func offer(_ offer: IncomingOffer) -> JSONEvent {
        let safe = SafeFileName(untrusted: Array(offer.fileName.utf8)).text
        return JSONEvent(
            "offer",
            [
                ("offer", .integer(offer.number.number)), ("name", .string(offer.fileName)),
                ("safeName", .string(safe)), ("size", .unsigned(offer.size)),
                ("from", person(offer.sender)), ("private", .bool(offer.isPrivate)),
            ])
    }

    // transfer {offer, direction: sending | receiving, state: queued | running | waiting | completed |
    // declined | cancelled | failed, name, bytes, size, rate?, peer: person, path?, sha256?, error?}
    private static func transfer(_ update: TransferUpdate, folder: String?) -> JSONEvent {
        var path: String?
        var error: String?
        let state: String
        switch update.state {
        case .queued: state = "queued"
        case .running: state = "running"
        case .waiting: state = "waiting"
        case .completed(let name):
            state = "completed"
            if update.direction == .receiving { path = folder.map { "\($0)/\(name)" } ?? name }
        case .declined: state = "declined"
        case .cancelled: state = "cancelled"
        case .failed(let why): (state, error) = ("failed", why)
        }
        return JSONEvent(
            "transfer",
            [
                ("offer", .integer(update.number.number)),
                ("direction", .string(update.direction.rawValue)), ("state", .string(state)),
                ("name", .string(update.fileName)), ("bytes", .unsigned(update.bytes)),
                ("size", .unsigned(update.size)), ("rate", update.rate.map(JSONValue.number)),
                ("peer", person(update.peer)), ("path", path.map(JSONValue.string)),
                ("sha256", update.sha256.map(JSONValue.string)),
                ("error", error.map(JSONValue.string)),
            ])
    }

    /// error {text, command?, member?, offer?, for?}: a command that was not understood or not carried
    /// out and which of its members is wrong, an offer that was not accepted, or why the room is lost
    package static func error(
        _ sentence: String, about request: JSONRequest? = nil, offer: OfferNumber? = nil
    ) -> JSONEvent {
        var member: String?
        var number = offer?.number
        switch request?.command {
        case .failure(let error): member = error.member
        case .success(.accept(let offer)), .success(.decline(let offer)),
            .success(.cancel(let offer)):
            number = offer
        case .success, nil: break
        }
        return JSONEvent(
            "error",
            [
                ("text", .string(sentence)), ("command", request?.type.map(JSONValue.string)),
                ("member", member.map(JSONValue.string)),
                ("offer", number.map(JSONValue.integer)), ("for", request?.id),
            ])
    }

    /// closed: the last line
    package static var closed: JSONEvent { JSONEvent("closed") }

    /// person: {attachment, name, key, away, verified, new}
    static func person(_ person: Person) -> JSONValue {
        .object([
            (key: "attachment", value: id(person.attachment)),
            (key: "name", value: .string(person.name)),
            (key: "key", value: .string(person.keyTag)),
            (key: "away", value: .bool(person.isAway)),
            (key: "verified", value: .bool(person.isVerified)),
            (key: "new", value: .bool(person.isNew)),
        ])
    }

    /// Larger than the integers that every reader of JSON keeps exactly: so a string.
    static func id(_ attachment: AttachmentID) -> JSONValue { .string(String(attachment.number)) }

    static func id(_ message: MessageID) -> JSONValue {
        let digits = String(message.number, radix: 16)
        return .string(String(repeating: "0", count: 32 - digits.utf8.count) + digits)
    }
}
