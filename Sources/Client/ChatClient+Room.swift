package import Wire

/// What members decide about the room and about each other.
extension ChatClient {
    /// Lets in somebody who asked.
    package func admit(_ newcomer: AttachmentID) throws(ClientRefusal) {
        try checkIsWaiting(newcomer)
        try perform(.admit(newcomer))
    }

    /// Turns away somebody who asked.
    package func refuse(_ newcomer: AttachmentID) throws(ClientRefusal) {
        try checkIsWaiting(newcomer)
        try perform(.refuse(newcomer))
    }

    private func checkIsWaiting(_ newcomer: AttachmentID) throws(ClientRefusal) {
        guard conversation.newcomers.contains(where: { $0.attachment == newcomer }) else {
            throw .noSuchNewcomer
        }
    }

    /// Those who asked and about whom nothing is decided, in the order in which they came.
    package var newcomers: [Newcomer] { conversation.newcomers }

    /// Takes a person out of the room and moves it to a fresh secret that only those who stay are
    /// told; `moved` follows.
    package func remove(_ person: AttachmentID) throws(ClientRefusal) {
        guard person != conversation.people.me.attachment else { throw .yourself }
        guard conversation.people.isPresent(person) else { throw .noSuchPerson }
        try perform(.remove(person))
    }

    /// Goes by another name from now on; `person(…, renamed)` follows.
    package func rename(to name: String) throws(ClientRefusal) {
        do throws(NameError) { try PersonName.check(name) } catch { throw .name(error) }
        try goBy(name)
    }

    /// Takes a name that nobody judged.
    func goBy(_ name: String) throws(ClientRefusal) {
        try perform(.rename(Array(name.utf8)))
        move.name = name
    }

    private func perform(_ wish: GroupWish) throws(ClientRefusal) {
        guard !hasEnded else { throw .left }
        try session.perform(wish, now: clock.now())
        drain()
    }

    /// Who has the last message of ours that was said to a room small enough for it, and who has
    /// not yet; empty when there is none.
    package var receipts: (received: [Person], missing: [Person]) {
        let (received, missing) = conversation.receipts.last
        let people = conversation.people
        return (
            received.map(people.person),
            missing.map(people.person).sorted { $0.name < $1.name }
        )
    }
}
