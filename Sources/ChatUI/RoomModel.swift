package import Client
package import Terminal
import Wire

/// Turns what happens in a room into lines to read. A pure value, the same for every face that
/// speaks to people.
package struct RoomModel {
    package private(set) var people = People()
    private(set) var transfers = Transfers()
    /// Messages of ours that the server has not acknowledged, oldest first.
    private(set) var unsent: [(id: MessageID, text: String)] = []
    /// Acknowledged before the face came to say what it queued.
    private var early: Set<MessageID> = []
    private var connection = ClientEvent.ConnectionState.connecting
    /// The folder for received files, for telling where one went.
    private let folder: String?
    /// True where progress is drawn; else it is told in quarters.
    private let drawsProgress: Bool

    /// Messages not yet sent that are shown; the others are counted.
    private static let maximumUnsent = 3
    /// People of a room who are named when one comes in; in a larger one `/who` does.
    private static let maximumIntroduced = 20

    package init(folder: String?, drawsProgress: Bool) {
        self.folder = folder
        self.drawsProgress = drawsProgress
    }

    /// The line or lines that an event is told in; none when it changes only what is drawn.
    package mutating func apply(_ event: ClientEvent) -> [SafeText] {
        switch event {
        case .joined(let joined): entered(joined)
        case .connection(let state): changed(to: state)
        case .message(let message): Self.said(message.text, by: people.display(message.sender))
        case .sent(let id): sent(id)
        case .uncertain(let id): uncertain(id)
        case .person(let person, let change): changed(person, change)
        case .missed(let count): [Self.missed(count)]
        case .offer(let offer): offered(offer)
        case .transfer(let update): updated(update)
        case .received: []
        case .newcomer(let newcomer):
            ["-- \(Self.name(newcomer)) asks to be let in: /admit or /refuse"]
        case .decided(let newcomer, let decision): [Self.decided(newcomer, decision)]
        case .outside(let why): [Self.outside(why)]
        case .keyChanged(let person, let tags):
            [
                "-- WARNING: \(people.display(person)) has another key than before "
                    + "(\(SafeText(untrusted: tags.joined(separator: ", ")))); /verify before you trust them"
            ]
        case .warning(let warning):
            SafeText.lines(untrusted: warning.sentence).map { "-- WARNING: \($0)" }
        case .moved: ["-- the room has a new link, the old one is dead; /invite shows it"]
        case .notice(let text): SafeText.lines(untrusted: text).map { "-- \($0)" }
        }
    }

    /// What is drawn below the printed lines: transfers, and what is not yet sent.
    package var live: [SafeText] {
        var lines = transfers.progress(people)
        if case .reconnecting = connection { lines.append("-- reconnecting") }
        for (_, text) in unsent.prefix(Self.maximumUnsent) {
            // Only the beginning is seen: what was pasted may be long.
            let beginning = SafeText.lines(untrusted: String(text.prefix(200))).first ?? ""
            lines.append("   (sending) \(beginning)")
        }
        if unsent.count > Self.maximumUnsent {
            lines.append("   (sending \(unsent.count - Self.maximumUnsent) more)")
        }
        return lines
    }

    /// A message of ours was queued. Gives what to print when it was sent before this was known.
    package mutating func queued(_ id: MessageID, _ text: String) -> [SafeText] {
        unsent.append((id, text))
        return early.remove(id) == nil ? [] : sent(id)
    }

    /// A file of ours was offered.
    package mutating func offered(_ number: OfferNumber, path: String) -> SafeText {
        transfers.offered(number, path: path)
        let name = transfers.ours[number] ?? "the file"
        return
            "-- \(name) is offered as number \(number.number); /cancel \(number.number) takes it back"
    }

    /// An offer was answered by this person.
    package mutating func settled(_ number: OfferNumber) { transfers.settle(number) }

    /// `name: text`; further lines of a message are indented, so that none can look like another's.
    static func said(_ text: String, by name: SafeText) -> [SafeText] {
        let lines = SafeText.lines(untrusted: text)
        return lines.enumerated().map { index, line in
            index == 0 ? "\(name): \(line)" : "    \(line)"
        }
    }

    private mutating func entered(_ joined: ClientEvent.Joined) -> [SafeText] {
        people.enter(joined)
        connection = .connected
        let me = people.display(joined.me)
        if people.others.isEmpty { return ["-- you are \(me); nobody else is here yet"] }
        let others = Describe.count(people.others.count, "other")
        let named = people.others.filter { !$0.name.isEmpty }
        let known: SafeText =
            named.isEmpty || named.count > Self.maximumIntroduced
            ? "" : " (\(named.map(people.display).joined(separator: ", ")))"
        return ["-- you are \(me), with \(others) here\(known); what was said before stays unread"]
    }

    private mutating func changed(to state: ClientEvent.ConnectionState) -> [SafeText] {
        defer { connection = state }
        switch (connection, state) {
        case (.connected, .reconnecting): return ["-- the connection broke; trying again"]
        case (.reconnecting, .connected): return ["-- connected again"]
        default: return []
        }
    }

    private mutating func sent(_ id: MessageID) -> [SafeText] {
        guard let index = unsent.firstIndex(where: { $0.id == id }) else {
            early.insert(id)
            return []
        }
        let text = unsent.remove(at: index).text
        guard drawsProgress else { return [] }
        return Self.said(text, by: people.me.map(people.display) ?? "you")
    }

    private mutating func uncertain(_ id: MessageID) -> [SafeText] {
        guard let index = unsent.firstIndex(where: { $0.id == id }) else { return [] }
        let text = unsent.remove(at: index).text
        let beginning = SafeText.lines(untrusted: String(text.prefix(60))).first ?? ""
        return [
            "-- it is not known whether this was sent; say it again if it matters: \(beginning)"
        ]
    }

    private mutating func changed(
        _ person: Person, _ change: ClientEvent.PersonChange
    ) -> [SafeText] {
        if change == .left {
            let name = people.display(person)
            people.remove(person)
            return ["-- \(name) left"]
        }
        people.update(person)
        let name = people.display(person)
        switch change {
        case .arrived: return ["-- \(name) joined"]
        case .introduced:
            return people.others.count > Self.maximumIntroduced ? [] : ["-- \(name) is here"]
        case .away: return ["-- \(name) is away"]
        case .back: return ["-- \(name) is back"]
        case .renamed(let old): return ["-- \(SafeText(name: old)) is now \(name)"]
        case .verified(let isVerified):
            return ["-- \(name) is \(isVerified ? "" : "not ")marked as verified"]
        case .removed(let by):
            people.remove(person)
            return ["-- \(people.display(by)) removed \(name)"]
        case .left: return []
        }
    }

    private static func name(_ newcomer: Newcomer) -> SafeText {
        "\(SafeText(name: newcomer.name))#\(SafeText(name: newcomer.keyTag))"
    }

    private static func decided(_ newcomer: Newcomer, _ decision: Newcomer.Decision) -> SafeText {
        switch decision {
        case .admitted(let by): "-- \(SafeText(name: by.name)) let \(name(newcomer)) in"
        case .refused(let by): "-- \(SafeText(name: by.name)) turned \(name(newcomer)) away"
        case .gone: "-- \(name(newcomer)) no longer asks to be let in"
        }
    }

    private static func outside(_ why: Outside) -> SafeText {
        switch why {
        case .asking: "-- asking to be let in"
        case .waitingForApproval: "-- waiting for a member to let you in"
        case .nobodyAnswers: "-- nobody here can let you in yet; waiting"
        case .roomIsFull: "-- the room is full; waiting for somebody to leave"
        case .otherSuite: "-- the room is not the one that the link describes; ask for the link again"
        }
    }

    private static func missed(_ count: Int?) -> SafeText {
        switch count {
        case 1: "-- 1 message was said while you were away and can no longer be had"
        case let count?:
            "-- \(count) messages were said while you were away and can no longer be had"
        case nil: "-- what was said while you were away, if anything, can no longer be had"
        }
    }

    private mutating func offered(_ offer: IncomingOffer) -> [SafeText] {
        transfers.add(offer)
        let name = people.display(offer.sender)
        let whom: SafeText = offer.isPrivate ? " you" : ""
        let number = offer.number.number
        return [
            "\(name) offers\(whom) \(Describe.fileName(offer.fileName)), \(Describe.size(offer.size)): "
                + "/accept \(number) or /decline \(number)"
        ]
    }

    private mutating func updated(_ update: TransferUpdate) -> [SafeText] {
        let wasWaiting = transfers.running.contains {
            Transfers.Key($0) == Transfers.Key(update) && $0.state == .waiting
        }
        let isFirst = transfers.update(update)
        let what: SafeText = "\(Describe.fileName(update.fileName)) \(update.partner(people))"
        switch update.state {
        case .running:
            if drawsProgress { return [] }
            if isFirst { return ["-- \(update.verb) \(what), \(Describe.size(update.size))"] }
            guard transfers.passedQuarter(update) else { return [] }
            return ["-- \(update.verb) \(what): \(Int(update.fraction * 100)) %"]
        case .waiting:
            return drawsProgress || wasWaiting
                ? [] : ["-- \(update.verb) \(what) waits for the connection"]
        case .completed(let stored): return [completed(update, stored: stored, what)]
        case .declined: return ["-- \(what) was declined"]
        case .cancelled: return ["-- \(what) was cancelled"]
        case .failed(let why): return ["-- \(what) failed: \(SafeText(untrusted: why))"]
        }
    }

    private func completed(
        _ update: TransferUpdate, stored: String, _ what: SafeText
    ) -> SafeText {
        var line: SafeText = "-- \(what), \(Describe.size(update.size)), is whole"
        if update.direction == .receiving {
            let place = SafeText(untrusted: (folder.map { $0 + "/" } ?? "") + stored)
            line = "\(line): \(place)"
        }
        if let hash = update.sha256 { line = "\(line) (SHA-256 \(SafeText(untrusted: hash)))" }
        return line
    }
}
