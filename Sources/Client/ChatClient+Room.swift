package import Wire

/// What members decide about the room and about each other.
extension ChatClient {
    /// Lets in somebody who asked.
    package func admit(_ newcomer: AttachmentID) throws(ClientRefusal) { throw .outside }

    /// Turns away somebody who asked.
    package func refuse(_ newcomer: AttachmentID) throws(ClientRefusal) { throw .outside }

    /// Those who asked and about whom nothing is decided, in the order in which they came.
    package var newcomers: [Newcomer] { [] }

    /// Takes a person out of the room and moves it to a fresh secret that only those who stay are
    /// told; `moved` follows.
    package func remove(_ person: AttachmentID) throws(ClientRefusal) { throw .outside }

    /// Goes by another name from now on; `person(…, renamed)` follows.
    package func rename(to name: String) throws(ClientRefusal) { throw .outside }

    /// What this person and we compare to be sure of each other's keys.
    package func verification(
        of person: AttachmentID
    ) throws(ClientRefusal) -> Verification { throw .outside }

    /// Notes that the numbers agreed, or takes the note back; `person(…, verified)` follows.
    package func setVerified(
        _ isVerified: Bool, _ person: AttachmentID
    ) throws(ClientRefusal) { throw .outside }

    /// Who has the last message of ours that was said to a room small enough for it, and who has
    /// not yet; empty when there is none.
    package var receipts: (received: [Person], missing: [Person]) { ([], []) }
}
