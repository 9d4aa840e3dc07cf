/// The people whom this person has met, in any room, and which of their keys were compared.
///
/// A person is their key; a name is what a key calls itself. What is known is kept as lines of text
/// (`KnownFact`) that are only ever added to: a later line about a key takes the place of an
/// earlier one, but the names a key went by stay its names. Lines that this version does not
/// understand are passed over and stay where they are.
package struct KnownPeople: Sendable {
    /// Bytes of the file that are read, from its end: more than ten thousand people.
    package static let maximumBytes = 1 << 20
    /// Bytes that one run adds for those it meets: some 2,500 people. Somebody who comes again and
    /// again under fresh keys shall not fill the file in one night.
    static let maximumBytesPerRun = 256 << 10
    /// Bytes of the file that are kept free of those met, for marks that the person at the screen
    /// makes.
    static let reserve = 128 << 10
    /// Names of one key that are remembered; who takes more is known by these and by the key.
    static let maximumNames = 8
    /// Keys of one name that are remembered as such, besides verified ones.
    static let maximumNamesakes = 32

    /// What is known of somebody who shows a key and a name.
    enum Meeting: Equatable, Sendable {
        /// Neither the key nor the name was met before.
        case new
        /// The key was; under another name if one is given.
        case known(formerName: String?)
        /// The name was met before, but not with this key. The verified keys come first; there is
        /// at least one.
        case nameTaken(by: [FormerKey])
    }

    struct FormerKey: Equatable, Sendable {
        var keyTag: String
        var isVerified: Bool
    }

    private struct Acquaintance: Sendable {
        var name: String
        var names: [FoldedName]
        var isVerified: Bool
        var isNew: Bool
        /// Names whose other owners were told of in this run.
        var told: Set<FoldedName> = []
    }

    private var acquaintances: [[UInt8]: Acquaintance] = [:]
    private var namesakes: [FoldedName: [[UInt8]]] = [:]
    private var untold: [String] = []
    private var unwritten: [KnownFact] = []
    private var needsHeader: Bool
    /// Bytes that may still be added for people met in this run.
    private var bytesLeft: Int
    private var saidFull = false

    /// - Parameter archive: what the file holds. Of more than `maximumBytes` the last are taken.
    package init(reading archive: [UInt8] = []) {
        needsHeader = archive.isEmpty
        bytesLeft = min(
            Self.maximumBytesPerRun, Self.maximumBytes - Self.reserve - archive.count)
        var lines = archive[...]
        if archive.count > Self.maximumBytes {
            lines = archive.suffix(Self.maximumBytes)
                .drop { $0 != UInt8(ascii: "\n") }.dropFirst()
            untold.append(
                "the list of known people is longer than \(Self.maximumBytes >> 20) MiB and only "
                    + "its end was read; delete lines that you do not need")
        }
        read(lines, isWhole: lines.count == archive.count)
    }

    private mutating func read(_ lines: ArraySlice<UInt8>, isWhole: Bool) {
        var firstDamaged: Int?
        var damaged = 0
        let all = lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in all.enumerated() {
            switch KnownFact.read(line) {
            case .fact(let fact): learn(fact, isNew: false)
            case .nothing: break
            case .damaged:
                damaged += 1
                firstDamaged = firstDamaged ?? index + 1
            }
        }
        guard let firstDamaged else { return }
        let place = isWhole ? " (the first is line \(firstDamaged))" : ""
        let subject = damaged == 1 ? "one line" : "\(damaged) lines"
        untold.append(
            "\(subject) in the list of known people cannot be read\(place); mend or delete what "
                + "is damaged there")
    }

    // MARK: Meeting

    /// Somebody shows a key, and a name as it came: what is known of them is noted.
    mutating func meet(key: [UInt8], name: String) -> Meeting {
        let meeting = meeting(key: key, name: name)
        let folded = ShownName(name).folded
        let former = acquaintances[key]
        let isKnownByName = former?.names.contains(folded) ?? false
        if isKnownByName || former.map({ $0.names.count >= Self.maximumNames }) ?? false {
            acquaintances[key]?.name = name
        } else {
            noteMet(KnownFact(key: key, isVerified: former?.isVerified ?? false, name: name))
        }
        if case .nameTaken = meeting { acquaintances[key]?.told.insert(folded) }
        return meeting
    }

    /// What would be said of somebody who shows a key and a name; nothing is noted.
    func meeting(key: [UInt8], name: String) -> Meeting {
        let folded = ShownName(name).folded
        let former = acquaintances[key]
        let others = others(under: folded, than: key)
        let isTold = former?.told.contains(folded) ?? false
        // Once both keys are known by the name, it is news no more, unless only the other one was
        // compared: then it is, in each run.
        let isNews =
            former?.names.contains(folded) != true
            || former?.isVerified == false && others.contains { $0.isVerified }
        if isNews, !isTold, !others.isEmpty { return .nameTaken(by: others) }
        guard let former else { return .new }
        return .known(formerName: former.name == name ? nil : former.name)
    }

    /// Verified keys first, then in the order in which they were met.
    private func others(under name: FoldedName, than key: [UInt8]) -> [FormerKey] {
        guard !name.isEmpty else { return [] }
        let others = (namesakes[name] ?? []).filter { $0 != key }.map {
            FormerKey(keyTag: KeyTag.text(ofPublicKey: $0), isVerified: isVerified($0))
        }
        return others.filter(\.isVerified) + others.filter { !$0.isVerified }
    }

    /// True when the key was compared over another channel, now or in an earlier run.
    func isVerified(_ key: [UInt8]) -> Bool { acquaintances[key]?.isVerified ?? false }

    /// True when the key was never seen before this run.
    func isNew(_ key: [UInt8]) -> Bool { acquaintances[key]?.isNew ?? true }

    /// Notes that this person's key was compared, or takes the note back.
    mutating func setVerified(_ isVerified: Bool, key: [UInt8], name: String) {
        guard self.isVerified(key) != isVerified else { return }
        note(KnownFact(key: key, isVerified: isVerified, name: name))
    }

    // MARK: What is kept

    /// True when `takeLines` or `takeNotices` has something.
    var hasNews: Bool { !unwritten.isEmpty || !untold.isEmpty }

    /// What is to be added to the file, whole lines.
    mutating func takeLines(on day: String) -> [UInt8] {
        guard !unwritten.isEmpty else { return [] }
        defer {
            unwritten = []
            needsHeader = false
        }
        let header = needsHeader ? Array(Self.header.utf8) : []
        return header + unwritten.flatMap { $0.line(on: day) }
    }

    /// Sentences for the person at the screen.
    mutating func takeNotices() -> [String] {
        defer { untold = [] }
        return untold
    }

    private static let header = """
        # People whom you have met in chatbox rooms: the day, their public key, whether you compared
        # it with them (verified) or not (seen), and their name. A later line about a key takes the
        # place of an earlier one. Lines may be changed or deleted while no chatbox runs.

        """

    /// Notes somebody as long as there is room in the file; it is said once when there is not.
    private mutating func noteMet(_ fact: KnownFact) {
        // Every day has as many digits.
        let size = fact.line(on: "0000-00-00").count
        if size <= bytesLeft {
            bytesLeft -= size
            note(fact)
        } else if !saidFull {
            saidFull = true
            untold.append(
                "the list of known people is full, and who is met from now on is not "
                    + "remembered; delete lines that you do not need, and start again")
        }
    }

    private mutating func note(_ fact: KnownFact) {
        learn(fact, isNew: true)
        unwritten.append(fact)
    }

    private mutating func learn(_ fact: KnownFact, isNew: Bool) {
        let folded = ShownName(fact.name).folded
        var known =
            acquaintances[fact.key]
            ?? Acquaintance(name: fact.name, names: [], isVerified: false, isNew: isNew)
        known.name = fact.name
        known.isVerified = fact.isVerified
        if known.names.count < Self.maximumNames, !known.names.contains(folded) {
            known.names.append(folded)
        }
        acquaintances[fact.key] = known
        var keys = namesakes[folded] ?? []
        guard keys.count < Self.maximumNamesakes || fact.isVerified, !keys.contains(fact.key),
            known.names.contains(folded)
        else { return }
        keys.append(fact.key)
        namesakes[folded] = keys
    }
}
