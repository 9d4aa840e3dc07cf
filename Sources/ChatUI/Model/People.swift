package import Client
package import Terminal
package import Wire

/// Who is in the room, and how each is called so that nobody is taken for another.
package struct People: Sendable {
    package private(set) var me: Person?
    /// In the order in which they came.
    package private(set) var others: [Person] = []
    /// The name as it is compared, and the tag, of each, and how many have both: a room may be large,
    /// and a name is looked at for every line. One person may be here several times.
    private var known: [AttachmentID: Known] = [:]
    private var namesakes: [FoldedName: [String: Int]] = [:]

    private struct Known: Hashable {
        var name: FoldedName
        var tag: String
    }

    package init() {}

    mutating func enter(_ joined: ClientEvent.Joined) {
        self = People()
        me = joined.me
        others = joined.people.filter { $0.attachment != joined.me.attachment }
        for person in everybody { count(person) }
    }

    /// Takes what is known of a person now.
    mutating func update(_ person: Person) {
        let isKnown = known[person.attachment] != nil
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
        let shown = Known(name: ShownName(person.name).folded, tag: person.keyTag)
        guard known[person.attachment] != shown else { return }
        discount(person.attachment)
        known[person.attachment] = shown
        namesakes[shown.name, default: [:]][shown.tag, default: 0] += 1
    }

    private mutating func discount(_ attachment: AttachmentID) {
        guard let shown = known.removeValue(forKey: attachment),
            let count = namesakes[shown.name]?[shown.tag]
        else { return }
        namesakes[shown.name]?[shown.tag] = count > 1 ? count - 1 : nil
        if namesakes[shown.name]?.isEmpty == true { namesakes[shown.name] = nil }
    }

    private var everybody: [Person] { (me.map { [$0] } ?? []) + others }

    /// The name to show: with the key's tag when it is not the only one of its kind, or looks as
    /// if it were more than a name: a tag, the colon after one, a notice, a list.
    package func display(_ person: Person) -> SafeText {
        let name = SafeText(name: person.name)
        let tag = SafeText(name: person.keyTag)
        guard !name.isEmpty else { return tag.isEmpty ? "somebody" : "somebody#\(tag)" }
        if Self.isSuspicious(name) { return "\"\(name)\"#\(tag)" }
        return isShared(person) && !tag.isEmpty ? "\(name)#\(tag)" : name
    }

    /// True when somebody else has the name of a person, too, or one that is shown like it.
    private func isShared(_ person: Person) -> Bool {
        namesakes[ShownName(person.name).folded]?.contains { $0.key != person.keyTag } ?? false
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
            // What looks like the mark of who is verified.
            case "\u{2705}", "\u{2611}", "\u{2713}", "\u{2714}", "\u{1F5F8}", "\u{1F5F9}",
                "\u{10102}", "\u{237B}", "\u{1FBB1}":
                return true
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

    /// A name that nobody vouches for: in quotes when it looks as if it were more than a name.
    static func quoted(_ name: String) -> SafeText {
        let name = SafeText(name: name)
        return isSuspicious(name) ? "\"\(name)\"" : name
    }

    package enum Match: Equatable {
        case one(AttachmentID)
        /// The person at this program alone.
        case oneself
        case none
        /// Several have this name; these are their unambiguous ones.
        case several([SafeText])
    }

    /// The person meant by a name, a name that is compared as equal, or `name#tag`; `@` before it does not
    /// matter. Of one who is here several times, where they were seen last.
    package func find(_ text: String) -> Match {
        let text = text.utf8.first == UInt8(ascii: "@") ? String(text.dropFirst()) : text
        let wanted = SafeText(untrusted: text).string
        let folded = ShownName(text).folded
        func matching(_ isMatch: (Person) -> Bool) -> Match? {
            let found = others.filter(isMatch)
            guard let first = found.first else { return nil }
            if found.allSatisfy({ $0.keyTag == first.keyTag }) {
                let best = found.last { !$0.isAway } ?? found.last ?? first
                return .one(best.attachment)
            }
            var tags: [SafeText] = []
            for name in found.map(tagged) where !tags.contains(name) { tags.append(name) }
            return .several(tags)
        }
        return matching { tagged($0).string == wanted || display($0).string == wanted }
            ?? matching { SafeText(name: $0.name).string == wanted }
            ?? matching { !folded.isEmpty && known[$0.attachment]?.name == folded }
            ?? (isOneself(wanted, folded) ? .oneself : .none)
    }

    private func isOneself(_ wanted: String, _ folded: FoldedName) -> Bool {
        guard let me, !folded.isEmpty else { return false }
        return known[me.attachment]?.name == folded || tagged(me).string == wanted
    }

    func tagged(_ person: Person) -> SafeText {
        "\(SafeText(name: person.name))#\(SafeText(name: person.keyTag))"
    }

    /// `ann (you)`, `ben#99887766, verified`, `cid#… , away`: a line each, the tags to tell them
    /// apart; a large room in one line.
    var lines: [SafeText] {
        guard others.count <= Self.mostLines else {
            let names = others.map(display).joined(separator: ", ")
            return ["\(others.count + 1) here: \(me.map(display) ?? "") (you), \(names)"]
        }
        return (me.map { ["\(listed($0)) (you)"] } ?? []) + others.map(listed)
    }

    /// People that are listed a line each.
    private static let mostLines = 12

    private func listed(_ person: Person) -> SafeText {
        let name = SafeText(name: person.name)
        let quoted: SafeText = Self.isSuspicious(name) ? "\"\(name)\"" : name
        let verified: SafeText = person.isVerified ? ", verified" : ""
        let away: SafeText = person.isAway ? ", away" : ""
        return "\(quoted)#\(SafeText(name: person.keyTag))\(verified)\(away)"
    }

    /// The person as they are known now.
    func person(_ attachment: AttachmentID) -> Person? {
        me?.attachment == attachment ? me : others.first { $0.attachment == attachment }
    }

    /// How a person is addressed so that it can only be them: what `find` finds.
    func address(of person: Person) -> SafeText {
        let name = SafeText(name: person.name)
        return isShared(person) || name.isEmpty ? tagged(person) : name
    }
}

extension SafeText {
    /// A person's name as it is shown.
    package init(name: String) { self.init(untrusted: ShownName(name).text) }
}

extension Newcomer {
    /// True when this is who is meant by a name, or by `name#tag`.
    func isMeant(by text: String) -> Bool {
        let name = SafeText(name: name)
        let tagged: SafeText = "\(name)#\(SafeText(name: keyTag))"
        let wanted = SafeText(untrusted: text)
        return [tagged, RoomModel.name(self)].contains(wanted)
            || ShownName(text).folded == ShownName(self.name).folded
    }
}
