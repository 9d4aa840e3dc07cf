package import Client
import Terminal
package import Wire

/// What happens in a room, as people are told it: events in, what is told and what is drawn live
/// out. A pure value, the same for every face that speaks to people.
package struct RoomModel: Sendable {
    package internal(set) var people = People()
    var transfers = Transfers()
    /// Messages of ours that the server has not acknowledged, oldest first.
    private(set) var unsent: [Unsent] = []
    /// Acknowledged before the face came to say what it queued.
    private var early: Set<MessageID> = []
    /// Those who ask to be let in, in the order in which they came.
    var newcomers: [Newcomer] = []
    var transcript = Transcript()
    /// The link by which others come in; after a move another one.
    package var link: Link?
    var connection = ClientEvent.ConnectionState.connecting
    /// When the connection came to be as it is.
    var connectionTime: WallTime?
    var outside: Outside?
    var protection = Protection()
    /// Who has our last message: so many of so many.
    var receipt: (by: Int, of: Int)?
    private var lastReceipt: MessageID?
    /// Keys, by their tags, of those who were here in this stay: one comes for the first time once,
    /// wherever the room moves.
    private var met: Set<String> = []
    /// The day of what was told last.
    private var day: WallTime?
    private var now = WallTime.unknown
    /// The folder for received files, for telling where one went.
    let folder: String?
    /// True where progress is drawn and own messages are printed; else it is told in quarters, and
    /// who typed a message has seen it.
    let isLive: Bool

    /// The room was announced to who made it here.
    private let isAnnounced: Bool

    struct Unsent: Sendable {
        var id: MessageID
        var text: String
        var isAction: Bool
    }

    /// People of a room who are named when one comes in; in a larger one `/who` does.
    private static let maximumIntroduced = 20
    /// Keys remembered; of whoever comes when there are more it is not said that they are new.
    private static let maximumMet = 10_000
    /// Messages heard of before they were said, which are some at most.
    private static let maximumEarly = 1000

    package init(
        folder: String?, link: Link? = nil, isLive: Bool, isAnnounced: Bool = false
    ) {
        self.isAnnounced = isAnnounced
        self.folder = folder
        self.link = link
        self.isLive = isLive
    }

    /// What an event is told as; nothing when it changes only what is drawn.
    package mutating func apply(_ event: ClientEvent, at now: WallTime) -> [Told] {
        self.now = now
        return dated(tell(event))
    }

    /// Says first that another day has begun.
    private mutating func dated(_ told: [Told]) -> [Told] {
        guard !told.isEmpty else { return told }
        defer { day = now }
        guard let day, !day.isSameDay(as: now) else { return told }
        return [.quiet(StyledText(now.date))] + told
    }

    private mutating func tell(_ event: ClientEvent) -> [Told] {
        switch event {
        case .joined(let joined): entered(joined)
        case .connection(let state): changed(to: state)
        case .message(let message): [heard(message)]
        case .sent(let id): sent(id)
        case .uncertain(let id): uncertain(id)
        case .person(let person, let change): changed(person, change)
        case .missed(let count): [.quiet(StyledText(Self.missed(count)))]
        case .offer(let offer): [offered(offer)]
        case .transfer(let update): updated(update)
        case .offered(let offer): [offered(offer)]
        case .settled(let number): settledForAll(number)
        case .received(let id, let by, let of): received(id, by, of)
        case .newcomer, .decided, .outside, .alone, .keyChanged, .warning, .moved: roomEvent(event)
        case .notice(let text): Told.notices(SafeText.lines(untrusted: text))
        }
    }

    // MARK: What is said

    private mutating func heard(_ message: Message) -> Told {
        var said = said(message.text, by: message.sender, isAction: message.isAction)
        said.mention = people.me.map { SafeText(name: $0.name) }
        transcript.add(said)
        return .said(said)
    }

    private func said(_ text: String, by person: Person, isAction: Bool) -> Said {
        Said(
            time: now, name: people.display(person),
            color: NamePalette.index(of: person.keyTag.utf8), isVerified: person.isVerified,
            isAction: isAction, text: Self.withPlainSpaces(text))
    }

    /// White space of other kinds could give a link, which is never broken, the look of another
    /// message.
    private static func withPlainSpaces(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 > 0x7F }) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isSpace =
                scalar == "\u{2800}"
                || scalar.properties.generalCategory == .spaceSeparator
            scalars.append(isSpace ? " " : scalar)
        }
        return String(scalars)
    }

    /// A message of ours was queued. Gives what to tell when it was sent before this was known.
    package mutating func queued(
        _ id: MessageID, _ text: String, isAction: Bool = false, at now: WallTime
    ) -> [Told] {
        self.now = now
        unsent.append(Unsent(id: id, text: text, isAction: isAction))
        return early.remove(id) == nil ? [] : dated(sent(id))
    }

    private mutating func sent(_ id: MessageID) -> [Told] {
        guard let index = unsent.firstIndex(where: { $0.id == id }) else {
            if early.count < Self.maximumEarly { early.insert(id) }
            return []
        }
        let message = unsent.remove(at: index)
        if lastReceipt != id { (receipt, lastReceipt) = (nil, id) }
        guard let me = people.me else { return [] }
        var said = said(message.text, by: me, isAction: message.isAction)
        said.isMine = true
        said.isVerified = false
        transcript.add(said)
        return isLive ? [.said(said)] : []
    }

    private mutating func uncertain(_ id: MessageID) -> [Told] {
        guard let index = unsent.firstIndex(where: { $0.id == id }) else { return [] }
        let text = unsent.remove(at: index).text
        let beginning = Self.beginning(of: text).fitting(columns: 60)
        return [
            .error(
                "it is not known whether this was sent; say it again if it matters: \(beginning)")
        ]
    }

    /// The first line of a message, or the beginning of it.
    static func beginning(of text: String) -> SafeText {
        SafeText.lines(untrusted: String(text.unicodeScalars.prefix(4096))).first ?? ""
    }

    private mutating func received(_ id: MessageID, _ by: Int, _ of: Int) -> [Told] {
        (receipt, lastReceipt) = ((by, of), id)
        return []
    }

    // MARK: Coming and going

    private mutating func entered(_ joined: ClientEvent.Joined) -> [Told] {
        let isFirst = people.me == nil
        people.enter(joined)
        // Who still asks, here or where the room moved, does so again.
        newcomers = []
        protection = joined.protection
        outside = nil
        receipt = nil
        if connection != .connected { (connection, connectionTime) = (.connected, now) }
        for person in people.others { _ = meet(person) }
        let me = people.display(joined.me)
        guard !people.others.isEmpty else {
            if isAnnounced, joined.standing == .founder { return [] }
            let help: SafeText = isFirst ? "; /help lists the commands" : ""
            return [.notice("you are \(me); nobody else is here yet\(help)")]
        }
        let others = Describe.count(people.others.count, "other")
        let named = people.others.filter { !$0.name.isEmpty }
        let known: SafeText =
            named.isEmpty || named.count > Self.maximumIntroduced
            ? "" : " (\(named.map(people.display).joined(separator: ", ")))"
        let who: StyledText = "you are \(me), with \(others) here\(known)"
        guard isFirst else { return [.notice(who)] }
        return [
            .notice(who), .quiet("what was said before stays unread; /help lists the commands"),
        ]
    }

    private mutating func changed(to state: ClientEvent.ConnectionState) -> [Told] {
        let before = connection
        connection = state
        switch (before, state) {
        case (.connected, .reconnecting):
            connectionTime = now
            return [.quiet("the connection broke; trying again")]
        case (.reconnecting, .connected):
            connectionTime = now
            return [.quiet("connected again")]
        case (_, .unreachable):
            // It goes on as it was: another try is under way.
            connection = before
            return [unreachable]
        case (.reconnecting, _), (.connected, .connected): return []
        default:
            connectionTime = now
            return []
        }
    }

    /// What a server that does not answer may mean.
    private var unreachable: Told {
        let host: SafeText = link.map { SafeText(untrusted: $0.address.text) } ?? "the server"
        let since: SafeText = connectionTime.map { " since \($0.clock)" } ?? ""
        return .notice(
            "nobody answers at \(host)\(since); if somebody's own chatbox hosted the room, it has ended with that; still trying, /quit leaves"
        )
    }

    private mutating func changed(
        _ person: Person, _ change: ClientEvent.PersonChange
    ) -> [Told] {
        if change == .left {
            let name = people.display(person)
            people.remove(person)
            return [.quiet("\(name) left")]
        }
        if case .removed(let by) = change {
            let name = people.display(person)
            people.remove(person)
            // Nobody is named when it was this client.
            let who = by.keyTag.isEmpty ? "you" : people.display(by)
            return [.notice("\(who) removed \(name) from the room")]
        }
        people.update(person)
        let name = people.display(person)
        switch change {
        case .arrived: return [.quiet("\(name) joined\(newness(of: person))")]
        case .away: return [.quiet("\(name) is away")]
        case .back: return [.quiet("\(name) is back")]
        case .renamed(let old):
            return [.notice("\(People.quoted(old)) is now \(name)")]
        case .verified(true): return [.notice("\(name) is marked as verified")]
        case .verified(false): return [.notice("\(name) is not marked as verified any more")]
        case .left, .removed: return []
        }
    }

    private mutating func newness(of person: Person) -> SafeText {
        let isFirst = meet(person)
        if person.isVerified { return ", verified" }
        return person.isNew && isFirst ? ", for the first time" : ""
    }

    /// True when nobody with this key was here before.
    private mutating func meet(_ person: Person) -> Bool {
        met.count < Self.maximumMet && met.insert(person.keyTag).inserted
    }

    private static func missed(_ count: Int?) -> SafeText {
        switch count {
        case 1: "1 message was said while you were away and can no longer be had"
        case let count?:
            "\(count) messages were said while you were away and can no longer be had"
        case nil: "what was said while you were away, if anything, can no longer be had"
        }
    }
}

extension WallTime {
    /// Before anything happened.
    static let unknown = WallTime(year: 0, month: 1, day: 1, weekday: 0, hour: 0, minute: 0)
}
