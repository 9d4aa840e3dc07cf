package import Client
package import Terminal
package import Wire

/// Who is in the room, and how each is called so that nobody is taken for another.
package struct People {
    package private(set) var me: Person?
    /// In the order in which they came.
    package private(set) var others: [Person] = []

    package init() {}

    mutating func enter(_ joined: ClientEvent.Joined) {
        me = joined.me
        others = joined.people.filter { $0.attachment != joined.me.attachment }
    }

    /// Takes what is known of a person now.
    mutating func update(_ person: Person) {
        if person.attachment == me?.attachment { return me = person }
        if let index = others.firstIndex(where: { $0.attachment == person.attachment }) {
            others[index] = person
        } else {
            others.append(person)
        }
    }

    mutating func remove(_ person: Person) {
        others.removeAll { $0.attachment == person.attachment }
    }

    private var everybody: [Person] { (me.map { [$0] } ?? []) + others }

    /// The name to show: with the key's tag when it is not the only one of its kind, or looks as
    /// if it held a tag or the colon after a name itself.
    package func display(_ person: Person) -> SafeText {
        let name = SafeText(name: person.name)
        let tag = SafeText(name: person.keyTag)
        guard !name.isEmpty else { return tag.isEmpty ? "somebody" : "somebody#\(tag)" }
        let isShared = everybody.contains {
            $0.attachment != person.attachment && SafeText(name: $0.name) == name
        }
        let suspicious = name.string.utf8.contains {
            $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: ":")
        }
        if suspicious { return "\"\(name)\"#\(tag)" }
        return isShared && !tag.isEmpty ? "\(name)#\(tag)" : name
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
