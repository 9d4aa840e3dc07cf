package import Wire

/// What stands between the room's log and what people say: everything passes through it.
///
/// A cipher is a pure state machine. It is told what happens and answers with the steps that the
/// session should take for it; a step that appends is answered later by `settled`. The session
/// sends nothing of a person's before the cipher is ready.
package protocol RoomCipher: Sendable {
    /// True when `seal` can be asked.
    var isReady: Bool { get }

    /// A place in the room was taken or taken up again. Whatever was under way is to be begun anew
    /// unless the standing is `resumed`.
    ///
    /// - Parameter profile: who this person is here.
    mutating func attached(
        _ attached: ServerFrame.Attached, profile: Announcement
    ) -> [CipherStep]

    /// The log began anew under the same attachment; at `position` it is empty.
    mutating func reset(to position: Position) -> [CipherStep]

    /// A newcomer asks this member to let it in.
    mutating func knocked(_ knock: ServerFrame.Knocked) -> [CipherStep]

    /// A member answered this newcomer's knock.
    mutating func answered(_ answer: ServerFrame.Answered) -> [CipherStep]

    /// No member answered.
    mutating func unanswered() -> [CipherStep]

    /// A while after entering, some people are still without a name.
    mutating func namesMissing(profile: Announcement) -> [CipherStep]

    /// An append that this cipher asked for is decided.
    mutating func settled(_ ticket: CipherStep.Ticket, _ outcome: OldAppendOutcome) -> [CipherStep]

    /// Somebody came, went or is away.
    mutating func presence(_ presence: Presence) -> [CipherStep]

    /// The time that `wake` asked for has come.
    ///
    /// - Parameter people: everybody whom this member knows by name, itself included.
    mutating func woken(people: [Announcement]) -> [CipherStep]

    /// Seals what one member says to all.
    ///
    /// - Throws: `CipherError`; what was not sealed stays queued while `isReady` is false.
    mutating func seal(_ content: [UInt8]) throws(CipherError) -> [UInt8]

    /// Opens an entry of another's; a commit gives steps and no content.
    ///
    /// - Throws: `CipherError`; the entry is then passed over.
    mutating func open(_ entry: ServerFrame.Entry) throws(CipherError) -> OpenedEntry
}

/// What a cipher wants done.
package enum CipherStep: Sendable {
    /// The cipher's own name for an append of its.
    package struct Ticket: Hashable, Sendable {
        package let number: UInt64
        package init(_ number: UInt64) { self.number = number }
    }

    case knock([UInt8])
    case answer(knocks: [KnockID], payload: [UInt8])
    /// Appends a handshake entry, ahead of what people say.
    case append(Ticket, kind: EntryKind, epoch: UInt64, payload: [UInt8])
    /// Whether this member would let newcomers in.
    case ready(Bool)
    /// Calls `woken` after this long; a later one takes the place of an earlier one.
    case wake(after: Duration)
    /// Who people are, as told by a member; still to be checked.
    case learned([Announcement])
}

/// How an append ended.
package enum OldAppendOutcome: Hashable, Sendable {
    case accepted(sequence: UInt64)
    /// Another commit came first; the room is at this epoch.
    case conflict(epoch: UInt64)
    case refused
}

/// What was in an entry.
package struct OpenedEntry: Sendable {
    package var content: [UInt8]?
    package var steps: [CipherStep]

    package init(content: [UInt8]?, steps: [CipherStep] = []) {
        self.content = content
        self.steps = steps
    }
}

/// Why nothing was sealed or opened.
package enum CipherError: Error, Equatable, Sendable {
    /// The cipher is not in the room yet.
    case notReady
    /// Not made by a member, or not for this place.
    case notAuthentic
    /// A member made it, and it says nothing.
    case malformed
}
