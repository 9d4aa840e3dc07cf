package import Client
import Terminal
package import Wire

/// What `chatbox send` still waits for: a pure value, with the time handed in.
package struct Delivery: Sendable {
    /// What to do next.
    package enum Step: Equatable, Sendable {
        case wait
        /// Somebody is there who can hear the text.
        case say
        /// Somebody is there to offer the files to: the person named, or the room.
        case offer(to: AttachmentID?)
        /// All is over; `failure` says what was not delivered.
        case done
    }

    /// Why not everything was delivered.
    package struct Failure: Equatable, Sendable {
        package enum Kind: Sendable {
            /// Nobody is there, or not the person named.
            case nobody
            /// A file is not what it was, or cannot be read any more.
            case changed
            case temporary
        }

        package var kind: Kind
        /// One sentence without an end mark.
        package var sentence: String
    }

    /// How long the others, or the person named, are waited for, and the connection when it broke.
    package struct Patience: Sendable {
        /// A listener that was started together with this may come a moment later, on a busy machine
        /// some seconds.
        package static let usual = Patience(entry: .seconds(60), company: .seconds(10))
        /// With a time-out of its own, a command waits for people until then.
        package static let untilTimeout = Patience(entry: nil, company: nil)

        /// For the room to be entered.
        var entry: Duration?
        /// For somebody to be there, from when the room was entered.
        var company: Duration?
        /// For a connection that broke to come back: as long as a server keeps a place.
        var connection: Duration = .seconds(120)
    }

    private var unsent: Set<MessageID> = []
    /// Acknowledged before they were known to be ours.
    private var acknowledged: Set<MessageID> = []
    private var hasTextToSay: Bool
    private var files: [OfferNumber: File] = [:]
    private var filesToOffer: Int
    private var hasOffered = false
    private let recipient: String?
    private let patience: Patience
    private var people = People()
    private var givenUp: Failure?
    private var enteredAt: Duration?
    private var lostAt: Duration?

    private struct File {
        var name = ""
        var running: Set<AttachmentID> = []
        var isDelivered = false
        var isSettled = false
        var hasChanged = false
        /// Why it did not get to people, in the order in which they were heard of.
        var reasons: [String] = []

        /// Nothing more happens with it.
        var isOver: Bool { isSettled || isDelivered && running.isEmpty }

        var why: String {
            let shown = reasons.prefix(Delivery.maximumNamed).joined(separator: "; ")
            return shown.isEmpty ? "nobody took it" : shown
        }
    }

    /// - Parameters:
    ///   - files: how many there are to offer.
    ///   - recipient: the one person they are for.
    ///   - hasText: whether there is text, which is said once somebody is there: whoever comes later
    ///     cannot read it.
    package init(
        files: Int, recipient: String?, hasText: Bool = false, patience: Patience = .usual
    ) {
        filesToOffer = files
        hasTextToSay = hasText
        self.recipient = recipient
        self.patience = patience
    }

    // MARK: What was done

    /// The text is being said now; `step` does not ask for it again.
    package mutating func saying() { hasTextToSay = false }

    package mutating func said(_ id: MessageID) -> Step {
        if acknowledged.remove(id) == nil { unsent.insert(id) }
        return step
    }

    /// The files are being offered now; `step` does not ask for it again.
    package mutating func offering() { hasOffered = true }

    /// A file has its number; what happened to it may have been heard already.
    package mutating func offered(_ number: OfferNumber, path: String) -> Step {
        filesToOffer -= 1
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
        files[number, default: File()].name = name ?? path
        return step
    }

    // MARK: What happens

    package mutating func apply(_ event: ClientEvent, at now: Duration) -> Step {
        switch event {
        case .joined(let joined):
            people.enter(joined)
            enteredAt = enteredAt ?? now
        case .connection(.connected): lostAt = nil
        case .connection(.reconnecting): lostAt = lostAt ?? now
        case .person(let person, .left), .person(let person, .removed): people.remove(person)
        case .person(let person, _): people.update(person)
        case .sent(let id): if unsent.remove(id) == nil { acknowledged.insert(id) }
        case .outside(let why): if let obstacle = why.obstacle { fail(.temporary, obstacle) }
        case .uncertain(let id) where unsent.contains(id):
            fail(.temporary, "it is not known whether the text was sent; look before sending again")
        case .transfer(let update) where update.direction == .sending: apply(update)
        case .settled(let number): files[number, default: File()].isSettled = true
        default: break
        }
        return step
    }

    private mutating func apply(_ update: TransferUpdate) {
        var file = files[update.number] ?? File()
        file.running.remove(update.peer.attachment)
        let name = people.display(update.peer).string
        switch update.state {
        case .running, .waiting: file.running.insert(update.peer.attachment)
        case .completed: file.isDelivered = true
        case .queued: break
        case .declined: file.reasons.append("\(name) declined it")
        case .cancelled: file.reasons.append("\(name) cancelled it")
        case .failed(let why):
            file.hasChanged = file.hasChanged || update.isSourceLost
            file.reasons.append(why)
        }
        files[update.number] = file
    }

    private mutating func fail(_ kind: Failure.Kind, _ sentence: String) {
        givenUp = givenUp ?? Failure(kind: kind, sentence: sentence)
    }

    // MARK: Time

    /// When `tick` is to be called.
    package var deadline: Duration? {
        guard givenUp == nil else { return nil }
        var times: [Duration?] = [lostAt.map { $0 + patience.connection }]
        if let enteredAt {
            if isAlone { times.append(patience.company.map { enteredAt + $0 }) }
        } else {
            times.append(patience.entry)
        }
        return times.compactMap(\.self).min()
    }

    package mutating func tick(at now: Duration) -> Step {
        guard let deadline, now >= deadline else { return step }
        guard lostAt == nil else {
            fail(.temporary, "the connection broke and did not come back; try again")
            return step
        }
        return timeOut()
    }

    /// The time that there was is over.
    package mutating func timeOut() -> Step {
        if isAlone {
            fail(.nobody, aloneSentence)
        } else {
            fail(.temporary, "\(waitingFor) in time; try again with a longer --timeout")
        }
        return step
    }

    private var aloneSentence: String {
        if let recipient, !hasTextToSay, !people.others.isEmpty {
            return
                "nobody called \(recipient) is in the room; see who is, or use --timeout to wait for them"
        }
        let what = hasTextToSay ? "said" : "sent"
        return
            "nobody is in the room, so nothing was \(what); ask the others whether they are there, and check the link: one with a wrong character leads to another room, which is empty"
    }

    /// Whether the room is entered, and nobody is there yet to hear the text or to take the files.
    package var isAlone: Bool {
        guard people.me != nil else { return false }
        if hasTextToSay, people.others.isEmpty { return true }
        return filesToOffer > 0 && !hasOffered && audience == nil
    }

    // MARK: What is next

    /// Whom the files are offered to; nil when they are not there.
    private var audience: Step? {
        guard let recipient else { return people.others.isEmpty ? nil : .offer(to: nil) }
        if case .one(let person) = people.find(recipient) { return .offer(to: person) }
        return nil
    }

    private var step: Step {
        if givenUp != nil { return .done }
        guard people.me != nil else { return .wait }
        if hasTextToSay { return people.others.isEmpty ? .wait : .say }
        if filesToOffer > 0 { return hasOffered ? .wait : audience ?? .wait }
        return unsent.isEmpty && files.values.allSatisfy(\.isOver) ? .done : .wait
    }

    /// Why not everything was delivered; nil when it was.
    package var failure: Failure? {
        if let givenUp { return givenUp }
        let failed = files.sorted { $0.key < $1.key }.map(\.value).filter { !$0.isDelivered }
        guard let first = failed.first else { return nil }
        let kind: Failure.Kind = failed.allSatisfy(\.hasChanged) ? .changed : .temporary
        if failed.count == 1, files.count == 1 {
            return Failure(kind: kind, sentence: "\(first.name) was not delivered: \(first.why)")
        }
        let shown = failed.prefix(Self.maximumNamed).map { "\($0.name) (\($0.why))" }
        let more = failed.count > shown.count ? ", and \(failed.count - shown.count) more" : ""
        return Failure(
            kind: kind,
            sentence:
                "\(failed.count) of \(files.count) files were not delivered: \(shown.joined(separator: ", "))\(more)"
        )
    }

    /// Files, and people, that one sentence names.
    private static let maximumNamed = 3

    /// What it would be waiting for, for the sentence after a time-out.
    private var waitingFor: String {
        if people.me == nil { return "the room could not be entered" }
        if !unsent.isEmpty { return "the text was not acknowledged" }
        return "nobody took the whole file"
    }

    /// What a person at a terminal is told that it waits for; nil when there is nothing to say.
    package var status: String? {
        guard givenUp == nil, people.me != nil else { return nil }
        if filesToOffer > 0, !hasOffered {
            return "waiting for \(recipient ?? "somebody") to come; Ctrl-C gives up"
        }
        let waiting = files.sorted { $0.key < $1.key }.map(\.value).filter {
            !$0.isOver && $0.running.isEmpty && !$0.isDelivered && !$0.name.isEmpty
        }
        guard let first = waiting.first else { return nil }
        let what = waiting.count == 1 ? first.name : "\(waiting.count) files"
        return
            "waiting for \(who) to accept \(what); Ctrl-C takes \(waiting.count == 1 ? "it" : "them") back"
    }

    private var who: String {
        if let recipient { return recipient }
        let names = people.others.map { people.display($0).string }
        guard names.count <= Self.maximumNamed, let last = names.last else { return "somebody" }
        return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " or \(last)"
    }
}
