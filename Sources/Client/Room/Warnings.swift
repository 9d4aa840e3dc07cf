/// What was found out about the server or a member, each kind told once for each person.
struct Warnings: Sendable {
    /// Warnings remembered; people come and go, and whoever makes us warn without end is not worth
    /// more memory.
    static let maximumTold = 4096
    /// Whoever has the link can write as often as they like, under as many attachments: all of them
    /// are told of together, and again after so many seconds at the earliest.
    static let outsidersPause: UInt64 = 600

    private struct Told: Hashable, Sendable {
        var kind: RoomWarning.Kind
        /// The identity key, or the attachment of somebody who has none.
        var person: [UInt8]
    }

    private var told = RecentSet<Told>(limit: maximumTold)
    /// Entries of those who are not in the room, and when that was told last.
    private var outsiders: (entries: Int, toldAt: UInt64)?

    /// - Parameters:
    ///   - person: a name for whom it is about, under which it is told once.
    ///   - name: what a sentence calls them; nil for somebody.
    ///   - since: the time of day up to which all was well.
    /// - Returns: nothing when it was told before.
    mutating func warn(
        _ kind: RoomWarning.Kind, about subject: (person: Person, key: [UInt8])?,
        called name: String?, since: String
    ) -> RoomWarning? {
        guard told.insert(Told(kind: kind, person: subject?.key ?? [])) else { return nil }
        return RoomWarning(
            kind: kind, person: subject?.person,
            sentence: kind.sentence(about: name, since: since))
    }

    /// Somebody who is not in the room wrote into it.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: nothing when that was told a moment ago.
    mutating func outsiderWrote(now: UInt64) -> RoomWarning? {
        let entries = (outsiders?.entries ?? 0) + 1
        if let toldAt = outsiders?.toldAt, now < toldAt + Self.outsidersPause {
            outsiders?.entries = entries
            return nil
        }
        outsiders = (entries, now)
        let sentence = RoomWarning.Kind.outsider.sentence(about: nil, since: "")
        let count = entries > 1 ? " (\(entries) entries so far)" : ""
        return RoomWarning(kind: .outsider, person: nil, sentence: sentence + count)
    }
}

extension RoomWarning.Kind {
    /// One sentence that says what happened, and of whom it can be the doing.
    func sentence(about name: String?, since: String) -> String {
        let somebody = name ?? "somebody"
        return switch self {
        case .differentConversation:
            "the server has shown \(somebody) a different conversation since \(since), "
                + "or \(name.map { "\($0)'s" } ?? "their") program is wrong"
        case .unreadable:
            "something that \(somebody) said cannot be opened: the server changed it or withheld "
                + "what opens it, or their program is wrong"
        case .outsider:
            "somebody who has the link but is not in the room writes into it; what they write is "
                + "ignored"
        case .withheldCommit:
            "the server withheld a change of the room's keys; you cannot read what was said after "
                + "it, and come in again"
        case .repeatedEntry:
            "something that \(somebody) said came a second time: the server sent it again, or their "
                + "program is wrong; it was passed over"
        case .wrongSender:
            "the server named the wrong author for something that \(somebody) said; go by the names "
                + "shown here"
        case .secondConversation:
            "\(somebody) began a second conversation in this room; stay in this one, and ask over "
                + "another channel who is in the other"
        case .strangersFirst:
            "\(somebody) who was not in this room began a conversation in it before its members were "
                + "back; you began it again without them, and they have to ask to be let in"
        case .droppedWhileHere:
            "\(somebody) took you out of the conversation as gone although you are here; you come "
                + "in again, without what was said meanwhile"
        case .refusedCommit:
            "\(somebody) made a change to the room that the rules forbid; it was passed over"
        case .forgedKnock:
            "\(somebody) asked to be let in without knowing the link, or in another's place; they "
                + "were not"
        case .forgedWelcome:
            "an answer came that nobody with the link can have made; it was passed over, and you "
                + "ask again"
        case .otherClock:
            "\(somebody) who asks to be let in cannot be: their clock and yours are a month or more "
                + "apart; look whether yours is right, and have them look at theirs"
        case .notTheVerified:
            "\(somebody) is not who you verified under this name; take them for a stranger until you "
                + "have compared keys with /verify \(somebody)"
        }
    }
}
