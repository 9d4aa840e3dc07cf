import MLS

let suite = CipherSuite.x25519AES128GCMSHA256Ed25519
let environment = Environment(now: now)
/// As the peer's: public handshakes, no padding; so that sizes compare.
let policy = GroupPolicy(
    padding: .none, pastEpochs: PastEpochPolicy(count: 0, seconds: 0), encryptsHandshakes: false)

struct Newcomer {
    let identity: Identity
    let bundle: KeyPackageBundle

    init(_ number: Int) throws {
        identity = Identity(
            credential: .basic(identity: Array("member \(number)".utf8)),
            signatureKey: try SignaturePrivateKey(for: suite, environment: environment))
        bundle = try KeyPackageBundle(
            suite: suite, identity: identity, grease: false, environment: environment)
    }

    func join(_ message: MLSMessage?, tree: [UInt8]?) throws -> Group {
        guard case .welcome(let welcome)? = message else { throw MLSError.welcomeNotForUs }
        var options = JoinOptions()
        options.ratchetTree = tree
        return try Group.join(
            welcome, with: bundle, options: options, policy: policy, environment: environment
        ).adopt()
    }
}

/// Two members of one group: one commits, the other processes.
struct Pair: ~Copyable {
    var sender: Group
    var receiver: Group

    /// One member added all others by Adds without a path: no parent is set.
    static func blank(_ count: Int) throws -> Pair {
        let founder = try Newcomer(0)
        var sender = try Group.create(
            suite: suite, identity: founder.identity, policy: policy, environment: environment)
        let others = try (1..<count).map { try Newcomer($0) }
        let pending = try sender.commit(others.map { .add($0.bundle.keyPackage) })
        let welcome = pending.welcome
        try sender.adopt(pending)
        return Pair(sender: sender, receiver: try others[count - 2].join(welcome, tree: nil))
    }

    /// Each new member added the next with a path: all parents are set.
    static func set(_ count: Int) throws -> Pair {
        let founder = try Newcomer(0)
        var before = try Group.create(
            suite: suite, identity: founder.identity, policy: policy, environment: environment)
        for number in 1..<count {
            let next = try Newcomer(number)
            var options = CommitOptions()
            options.forcesPath = true
            let pending = try before.commit([.add(next.bundle.keyPackage)], options: options)
            let welcome = pending.welcome
            try before.adopt(pending)
            let joined = try next.join(welcome, tree: nil)
            if number == count - 1 { return Pair(sender: before, receiver: joined) }
            before = joined
        }
        throw MLSError.welcomeNotForUs
    }
}
