import TLSSyntax

@testable import MLS

/// What the random story must never see.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A group and its people, driven by numbers: each number is one step, whatever the state. So any
/// part of a list of numbers is a story again, and a failing one can be shortened.
final class Model {
    /// A message on its way to one reader.
    struct Flight {
        let bytes: [UInt8]
        let text: [UInt8]
        let epoch: UInt64
    }

    final class Person {
        let party: Party
        var isMember = false
        /// The epoch it came in; what was sent before must stay closed to it.
        var joined: UInt64 = 0
        var inbox: [Flight] = []

        init(_ party: Party) {
            self.party = party
        }
    }

    static let keyName: [UInt8] = [1]
    let limit: Int
    let world = TestWorld(seed: 7)
    var people: [Person] = []
    var story: [String] = []
    /// Everything that was said, for those who must not be able to read it.
    private var said: [Flight] = []
    private var random: SeededGenerator
    private var counter: UInt32 = 0

    private let policy = GroupPolicy(pastEpochs: PastEpochPolicy(count: 3, seconds: .max))
    private let keys = PreSharedKeys(external: [keyName: Secret([4, 5, 6])])

    init(limit: Int) throws {
        self.limit = limit
        random = SeededGenerator(seed: 1)
        let founder = Person(try Party("p0", world: world))
        try founder.party.create(policy: policy)
        founder.isMember = true
        people = [founder]
    }

    var members: [Person] { people.filter(\.isMember) }
    private var epoch: UInt64 { members[0].party.epoch }

    private func pick<T>(_ list: [T]) -> T { list[Int(random.next() % UInt64(list.count))] }

    /// One step.
    func step(_ number: UInt64) throws {
        random = SeededGenerator(seed: number)
        switch number % 100 {
        case 0..<45: try say()
        case 45..<70: try deliver()
        case 70..<78: try commit([], "renews")
        case 78..<86: try add()
        case 86..<90: try remove()
        case 90..<92: try propose()
        case 92..<95: try joinFromOutside()
        case 95..<97: try race()
        case 97: try commit([.preSharedKey(.external(id: Self.keyName))], "brings a key in")
        case 98: try restore()
        default: try snoop()
        }
    }

    // MARK: Messages

    private func say() throws {
        let speaker = pick(members)
        guard speaker.party.group.hasProposals == false else { return }
        counter += 1
        let text = counter.tlsEncoded
        let message = try speaker.party.group.encrypt(text).bytes
        let flight = Flight(bytes: message, text: text, epoch: epoch)
        said.append(flight)
        if said.count > 50 { said.removeFirst() }
        story.append("\(speaker.party.name) says \(counter) in \(epoch)")
        // One in ten is lost on the way to a reader.
        for reader in members where reader !== speaker && random.next() % 10 > 0 {
            reader.inbox.append(flight)
        }
    }

    /// Delivers some messages of one reader, in any order.
    private func deliver() throws {
        let waiting = members.filter { !$0.inbox.isEmpty }
        guard !waiting.isEmpty else { return }
        let reader = pick(waiting)
        for _ in 0..<min(5, reader.inbox.count) {
            let place = Int(random.next() % UInt64(reader.inbox.count))
            try read(reader.inbox.remove(at: place), by: reader)
        }
    }

    private func read(_ flight: Flight, by reader: Person) throws {
        let message = try MLSMessage(bytes: flight.bytes)
        let age = epoch - flight.epoch
        do {
            let data = try reader.party.read(message)
            guard age <= 3 else { throw Broken("\(reader.party.name) read what is too old") }
            guard data == flight.text else { throw Broken("\(reader.party.name) read nonsense") }
        } catch MLSError.wrongEpoch where age > 3 || flight.epoch < reader.joined {
            return
        }
        do {
            _ = try reader.party.read(message)
            throw Broken("\(reader.party.name) read a message twice")
        } catch MLSError.messageKeyUsed {}
    }

    /// Those who are out, and those who came later, try to read what was said.
    private func snoop() throws {
        for person in people where person.party.held != nil {
            for flight in said {
                if person.isMember, flight.epoch >= person.joined { continue }
                if !person.isMember, flight.epoch <= person.party.epoch { continue }
                guard (try? person.party.read(MLSMessage(bytes: flight.bytes))) == nil else {
                    throw Broken("\(person.party.name) read what is not for them")
                }
            }
        }
    }

    // MARK: Commits

    private func commit(
        _ changes: [Change], _ what: String, by committer: Person? = nil
    ) throws {
        let committer = committer ?? pick(members)
        var options = CommitOptions()
        options.preSharedKeys = keys
        options.forcesPath = random.next() % 3 == 0
        let pending = try committer.party.group.commit(changes, options: options)
        let welcome = pending.welcome
        let message = pending.message
        try follow(message, except: committer)
        try committer.party.group.adopt(pending)
        story.append("\(committer.party.name) \(what), to \(committer.party.epoch)")
        try welcomeAll(welcome)
        try checkAgreement()
    }

    private func follow(_ message: MLSMessage, except committer: Person?) throws {
        for person in members where person !== committer {
            try person.party.follow(message, preSharedKeys: keys)
            if person.party.isRemoved {
                person.isMember = false
                person.inbox = []
            }
        }
    }

    private var invited: [(Person, KeyPackageBundle)] = []

    private func invite() throws -> Change {
        // Someone who was here before may come back.
        let gone = people.filter { person in
            !person.isMember && !invited.contains { $0.0 === person }
        }
        let person: Person
        if !gone.isEmpty, random.next() % 2 == 0 {
            person = pick(gone)
        } else {
            person = Person(try Party("p\(people.count)", world: world))
            people.append(person)
        }
        let bundle = try person.party.bundle()
        invited.append((person, bundle))
        return .add(bundle.keyPackage)
    }

    private func welcomeAll(_ welcome: MLSMessage?) throws {
        let list = invited
        invited = []
        guard case .welcome(let opened)? = welcome else { return }
        for (person, bundle) in list where opened.isFor(bundle.keyPackage) {
            var options = JoinOptions()
            options.preSharedKeys = keys
            try person.party.join(welcome, with: bundle, options: options, policy: policy)
            person.isMember = true
            person.joined = person.party.epoch
            person.inbox = []
        }
    }

    private func add() throws {
        let count = min(Int(random.next() % 4) + 1, limit - members.count)
        guard count > 0 else { return }
        let changes = try (0..<count).map { _ in try invite() }
        try commit(changes, "adds \(invited.map(\.0.party.name))")
    }

    private func remove() throws {
        guard members.count > 2 else { return }
        let committer = pick(members)
        let others = members.filter { $0 !== committer }
        let victims = Set((0..<2).map { _ in pick(others).party.name })
        let leaves = others.filter { victims.contains($0.party.name) }
            .map { Change.remove($0.party.group.ownLeafIndex) }
        try commit(leaves, "removes \(victims.sorted())", by: committer)
    }

    /// Proposals of several members, then a commit by one who made none.
    private func propose() throws {
        guard members.count > 2 else { return }
        let committer = pick(members)
        for proposer in members where proposer !== committer && random.next() % 3 == 0 {
            let message: MLSMessage
            if random.next() % 4 > 0 || members.count >= limit {
                message = try proposer.party.group.proposeUpdate()
            } else {
                message = try proposer.party.group.propose(invite())
            }
            for person in members where person !== proposer { try person.party.keep(message) }
        }
        try commit([], "commits what others propose", by: committer)
    }

    private func joinFromOutside() throws {
        let insider = pick(members)
        guard
            case .groupInfo(let info) = try insider.party.group.groupInfo(
                allowsExternalCommits: true)
        else { return }
        var options = ExternalJoinOptions()
        let person: Person
        let others = members.filter { $0 !== insider }
        if !others.isEmpty, random.next() % 2 == 0 {
            person = pick(others)
            options.replaces = person.party.group.ownLeafIndex
        } else {
            guard members.count < limit else { return }
            person = Person(try Party("p\(people.count)", world: world))
            people.append(person)
        }
        let pending = try Group.joinExternally(
            info, as: person.party.identity, options: options, policy: policy,
            environment: world.environment)
        try follow(pending.message, except: person)
        person.party.hold(pending.adopt())
        person.isMember = true
        person.joined = person.party.epoch
        person.inbox = []
        story.append("\(person.party.name) joins from outside, to \(person.joined)")
        try checkAgreement()
    }

    /// Two commit at once; the second is too late.
    private func race() throws {
        guard members.count > 1 else { return }
        let slow = pick(members)
        let fast = pick(members.filter { $0 !== slow })
        let late = try slow.party.group.commit()
        let message = late.message
        try commit([], "renews first", by: fast)
        do {
            try slow.party.group.adopt(late)
            throw Broken("a late commit was adopted")
        } catch MLSError.staleCommit {}
        guard (try? fast.party.follow(message)) == nil else {
            throw Broken("a late commit was followed")
        }
    }

    private func restore() throws {
        let person = pick(members)
        let state = person.party.group.savedState()
        person.party.hold(
            try Group.restore(state, policy: policy, environment: world.environment))
        story.append("\(person.party.name) starts anew")
    }

    private func checkAgreement() throws {
        let first = members[0].party
        let secret = try first.group.export(label: "model", context: [], length: 32)
        let tree = first.group.ratchetTree
        for person in members {
            guard person.party.group.epochAuthenticator == first.group.epochAuthenticator,
                try person.party.group.export(label: "model", context: [], length: 32) == secret,
                person.party.group.ratchetTree == tree
            else { throw Broken("\(person.party.name) is of another mind") }
        }
        // The cached hashes are those of a tree that is built afresh, and joiners would take it.
        var fresh = try RatchetTree(tlsEncoded: tree)
        try fresh.validate(
            treeHash: first.group.context.treeHash, groupID: first.groupID, groupExtensions: [],
            suite: MLS.Suite(first.suite), lifetimes: .standard)
    }
}
