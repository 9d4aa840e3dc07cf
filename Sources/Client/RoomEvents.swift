package import Wire

/// What protects a room.
package struct Protection: Sendable, Equatable {
    /// The cipher suite's name, such as `MLS with ML-KEM-768 + X25519, AES-256-GCM`.
    package var suite: String
    /// Whether what is said now stays secret from one who records it and has a quantum computer later.
    package var isPostQuantum: Bool
    /// Whether members decide who comes in.
    package var needsApproval: Bool

    package init(suite: String = "", isPostQuantum: Bool = true, needsApproval: Bool = false) {
        self.suite = suite
        self.isPostQuantum = isPostQuantum
        self.needsApproval = needsApproval
    }

    /// One sentence for the room's banner.
    package var sentence: String {
        let quantum = isPostQuantum ? ", safe from recorders with a quantum computer later" : ""
        return "end-to-end encrypted by \(suite)\(quantum); the server cannot read a word"
    }
}

/// Somebody who asks to be let in.
package struct Newcomer: Sendable, Hashable {
    package var attachment: AttachmentID
    /// The name that they give themselves; as it came.
    package var name: String
    /// Of their identity key, as in `Person`.
    package var keyTag: String
    package var isVerified: Bool

    package init(
        attachment: AttachmentID, name: String, keyTag: String, isVerified: Bool = false
    ) {
        self.attachment = attachment
        self.name = name
        self.keyTag = keyTag
        self.isVerified = isVerified
    }

    package enum Decision: Sendable, Equatable {
        case admitted(by: Person)
        case refused(by: Person)
        /// They went away before anybody decided.
        case gone
    }
}

/// Why a client that is connected is not in the conversation.
package enum Outside: Sendable, CaseIterable {
    /// A member has to let us in, and one was asked.
    case waitingForApproval
    /// Nobody who could let us in is here; we go on asking.
    case nobodyAnswers
    /// Somebody was asked and has not answered yet.
    case asking
    /// The room has as many members as it can have.
    case roomIsFull
    /// The room is sealed in another way than the link says.
    case otherSuite
    /// Our clock and that of the member who was asked are a month or more apart.
    case otherClock
}

/// The room under another secret.
package struct Move: Sendable {
    /// For the new link; the server stays the same.
    package var secret: RoomSecret
    /// Who moved it; this client itself when it did.
    package var mover: Person
    /// Who was left behind, if it was to leave somebody.
    package var removed: Person?

    package init(secret: RoomSecret, mover: Person, removed: Person?) {
        self.secret = secret
        self.mover = mover
        self.removed = removed
    }
}

/// What a client found out about the server, or about a member.
package struct RoomWarning: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Another member has another record of the conversation than we.
        case differentConversation
        /// What a member said cannot be opened although it should be.
        case unreadable
        /// Somebody who is not in the group puts into the log what nobody can use.
        case outsider
        /// A change of the room's keys was withheld from us.
        case withheldCommit
        /// An entry came twice.
        case repeatedEntry
        /// An entry was said to be another's than its author's.
        case wrongSender
        /// Somebody began another conversation in the room while ours lives.
        case secondConversation
        /// Where members decide, somebody who was not one founded before they were back.
        case strangersFirst
        /// We were taken out as gone although we are here.
        case droppedWhileHere
        /// A member made a change that the rules forbid.
        case refusedCommit
        /// Somebody claims to be let in without knowing the link, or under another's place.
        case forgedKnock
        /// An invitation that no member with the link can have made.
        case forgedWelcome
        /// Somebody who asks to be let in has a clock that is a month or more apart from ours.
        case otherClock
        /// Somebody goes by the name of a person whose key was compared, and has another key.
        case notTheVerified
    }

    package var kind: Kind
    /// Whom it is about, if anybody.
    package var person: Person?
    /// One sentence for the person at the screen, in words of ours; a name in it is as it is shown.
    package var sentence: String

    package init(kind: Kind, person: Person?, sentence: String) {
        self.kind = kind
        self.person = person
        self.sentence = sentence
    }
}

/// What two people compare over another channel to be sure of each other's keys.
package struct Verification: Sendable, Equatable {
    package var person: Person
    /// Thirty digits in six groups of five, the same on both sides.
    package var number: String

    package init(person: Person, number: String) {
        self.person = person
        self.number = number
    }
}

/// Where known people are kept from one run to the next: lines of text that are only ever added to,
/// a later one about the same key taking the place of an earlier one.
package protocol PeopleArchive: Sendable {
    /// Everything kept so far.
    func read() throws -> [UInt8]
    /// Keeps some more.
    func append(_ bytes: [UInt8]) throws
}
