package import Client
package import Terminal
package import Wire

/// Who is in the room, and how each is called so that nobody is taken for another.
package struct People {
    package private(set) var me: Person?
    /// In the order in which they came.
    package private(set) var others: [Person] = []
    /// The name of each as it is shown, and how many have it: a room may be large, and a name is
    /// looked at for every line.
    private var shownNames: [AttachmentID: SafeText] = [:]
    private var namesakes: [SafeText: Int] = [:]

    package init() {}

    mutating func enter(_ joined: ClientEvent.Joined) {
        self = People()
        me = joined.me
        others = joined.people.filter { $0.attachment != joined.me.attachment }
        for person in everybody { count(person) }
    }

    /// Takes what is known of a person now.
    mutating func update(_ person: Person) {
        let isKnown = shownNames[person.attachment] != nil
        count(person)
        if person.attachment == me?.attachment { return me = person }
        if isKnown, let index = others.firstIndex(where: { $0.attachment == person.attachment }) {
            others[index] = person
        } else {
            others.append(person)
        }
    }

    mutating func remove(_ person: Person) {
        guard person.attachment != me?.attachment else { return }
        discount(person.attachment)
        others.removeAll { $0.attachment == person.attachment }
    }

    private mutating func count(_ person: Person) {
        let name = SafeText(name: person.name)
        guard shownNames[person.attachment] != name else { return }
        discount(person.attachment)
        shownNames[person.attachment] = name
        namesakes[name, default: 0] += 1
    }

    private mutating func discount(_ attachment: AttachmentID) {
        guard let name = shownNames.removeValue(forKey: attachment), let count = namesakes[name]
        else { return }
        namesakes[name] = count > 1 ? count - 1 : nil
    }

    private var everybody: [Person] { (me.map { [$0] } ?? []) + others }

    /// The name to show: with the key's tag when it is not the only one of its kind, or looks as
    /// if it were more than a name: a tag, the colon after one, a notice, a list.
    package func display(_ person: Person) -> SafeText {
        let name = SafeText(name: person.name)
        let tag = SafeText(name: person.keyTag)
        guard !name.isEmpty else { return tag.isEmpty ? "somebody" : "somebody#\(tag)" }
        if Self.isSuspicious(name) { return "\"\(name)\"#\(tag)" }
        let own = shownNames[person.attachment] == name ? 1 : 0
        let isShared = namesakes[name, default: 0] > own
        return isShared && !tag.isEmpty ? "\(name)#\(tag)" : name
    }

    /// Letters, numbers, spaces, emoji, and what stands inside the names of people and programs
    /// are above suspicion. Other punctuation is not: lines of ours are made with it, and it has
    /// look-alikes without number.
    private static func isSuspicious(_ name: SafeText) -> Bool {
        let scalars = name.string.unicodeScalars
        if scalars.first == "-" || scalars.first == "." { return true }
        return scalars.contains { scalar in
            switch scalar {
            case " ", "-", "_", ".", "'", "\u{2019}", "\u{B7}", "\u{30FB}": return false
            // Letters that look like colons.
            case "\u{2D0}", "\u{2D1}", "\u{A789}": return true
            default: break
            }
            switch scalar.properties.generalCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol:
                return true
            default: return false
            }
        }
    }

    package enum Match: Equatable {
        case one(AttachmentID)
        case none
        /// Several have this name; these are their unambiguous ones.
        case several([SafeText])
    }

    /// The person meant by a name, a name in other case, or `name#tag`.
    package func find(_ text: String) -> Match {
        let wanted = SafeText(untrusted: text).string
        func matching(_ isMatch: (Person) -> Bool) -> Match? {
            let found = others.filter(isMatch)
            if found.count == 1 { return .one(found[0].attachment) }
            return found.isEmpty ? nil : .several(found.map(tagged))
        }
        return matching { tagged($0).string == wanted || display($0).string == wanted }
            ?? matching { SafeText(name: $0.name).string == wanted }
            ?? matching { SafeText(name: $0.name).string.lowercased() == wanted.lowercased() }
            ?? .none
    }

    private func tagged(_ person: Person) -> SafeText {
        "\(SafeText(name: person.name))#\(SafeText(name: person.keyTag))"
    }

    /// `ann (you), ben, cid (away)`
    var list: SafeText {
        let names =
            (me.map { [display($0) + " (you)"] } ?? [])
            + others.map { $0.isAway ? display($0) + " (away)" : display($0) }
        return names.joined(separator: ", ")
    }
}
