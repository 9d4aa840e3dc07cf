import Foundation
package import Wire

/// Who people are, in every room.
extension ChatClient {
    /// What this person and we compare to be sure of each other's keys.
    package func verification(
        of person: AttachmentID
    ) throws(ClientRefusal) -> Verification {
        let key = try key(of: person)
        return Verification(
            person: conversation.people.person(person),
            number: SafetyNumber.text(identity.publicKey, key))
    }

    /// Notes that the numbers agreed, or takes the note back; `person(…, verified)` follows.
    package func setVerified(
        _ isVerified: Bool, _ person: AttachmentID
    ) throws(ClientRefusal) {
        _ = try key(of: person)
        for event in conversation.setVerified(isVerified, person) { queue.push(event) }
        drain()
    }

    /// The identity key of somebody else who is here.
    private func key(of person: AttachmentID) throws(ClientRefusal) -> [UInt8] {
        guard !hasEnded else { throw .left }
        guard person != conversation.people.me.attachment else { throw .yourself }
        guard conversation.people.isPresent(person), let key = conversation.people.key(of: person)
        else { throw .noSuchPerson }
        guard key != identity.publicKey else { throw .yourself }
        return key
    }

    // MARK: From one run to the next

    /// Who is known from earlier runs, or nobody and why that is.
    static func known(from archive: (any PeopleArchive)?) -> (KnownPeople, problem: String?) {
        guard let archive else { return (KnownPeople(), nil) }
        do {
            return (KnownPeople(reading: try archive.read()), nil)
        } catch {
            return (KnownPeople(), sentence(error))
        }
    }

    /// Keeps what was learnt of people, and says what is wrong with it. Nobody is kept from talking.
    func keepPeople() {
        guard conversation.people.known.hasNews else { return }
        let lines = conversation.people.known.takeLines(on: today)
        if !lines.isEmpty, let archive {
            do { try archive.append(lines) } catch { archiveFails(error) }
        }
        for notice in conversation.people.known.takeNotices() { queue.push(.notice(notice)) }
    }

    private var today: String {
        let seconds = Double(conversation.wallClock.now())
        return CalendarDay.text(Date(timeIntervalSince1970: seconds))
    }

    private func archiveFails(_ error: any Error) {
        // Once: the next line fails as this one did.
        guard !hasArchiveFailed else { return }
        hasArchiveFailed = true
        queue.push(.notice(Self.sentence(error)))
    }

    private static func sentence(_ error: any Error) -> String {
        (error as? PeopleArchiveError)?.sentence
            ?? "the list of known people cannot be used; look after it, and start again"
    }
}
