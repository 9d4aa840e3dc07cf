package import Wire

/// The members of a room that said `ready` and are here, in the order in which they are asked.
///
/// Everybody with the link can say `ready`. Those who are members, as far as the server can tell,
/// come first; of the others those who have answered something.
package struct Doorkeepers: Sendable {
    private var members: [AttachmentID] = []
    private var guests: [AttachmentID] = []
    private var places: [AttachmentID: Place] = [:]

    private struct Place {
        var isMember: Bool
        var hasAnswered = false
    }

    package init() {}

    package func contains(_ attachment: AttachmentID) -> Bool { places[attachment] != nil }

    package func isMember(_ attachment: AttachmentID) -> Bool {
        places[attachment]?.isMember ?? false
    }

    package mutating func add(_ attachment: AttachmentID, isMember: Bool) {
        guard !contains(attachment) else { return }
        places[attachment] = Place(isMember: isMember)
        if isMember { members.append(attachment) } else { guests.append(attachment) }
    }

    /// False when it was none.
    @discardableResult
    package mutating func remove(_ attachment: AttachmentID) -> Bool {
        guard let place = places.removeValue(forKey: attachment) else { return false }
        if place.isMember {
            members.removeAll { $0 == attachment }
        } else {
            guests.removeAll { $0 == attachment }
        }
        return true
    }

    /// It turned out to be a member.
    package mutating func promote(_ attachment: AttachmentID) {
        guard places[attachment]?.isMember == false else { return }
        remove(attachment)
        add(attachment, isMember: true)
    }

    /// It answered: among guests, it is asked first from now on.
    package mutating func answered(_ attachment: AttachmentID) {
        guard let place = places[attachment], !place.isMember, !place.hasAnswered else { return }
        places[attachment]?.hasAnswered = true
        guests.removeAll { $0 == attachment }
        guests.insert(attachment, at: 0)
    }

    /// It was silent: of those like it, it is asked last from now on.
    package mutating func demote(_ attachment: AttachmentID) {
        guard let place = places[attachment] else { return }
        if place.isMember {
            members.removeAll { $0 == attachment }
            members.append(attachment)
        } else {
            places[attachment]?.hasAnswered = false
            guests.removeAll { $0 == attachment }
            guests.append(attachment)
        }
    }

    /// Who is asked next.
    ///
    /// - Parameters:
    ///   - last: who was asked last; a member like it goes before it.
    ///   - prefersGuests: ask a guest if there is one: no member answered.
    ///   - isFit: whether one can be asked at all.
    package func next(
        after last: AttachmentID?, prefersGuests: Bool, where isFit: (AttachmentID) -> Bool
    ) -> AttachmentID? {
        func first(of list: [AttachmentID]) -> AttachmentID? {
            list.first { $0 != last && isFit($0) } ?? list.first(where: isFit)
        }
        return prefersGuests
            ? first(of: guests) ?? first(of: members) : first(of: members) ?? first(of: guests)
    }
}
