import MLS

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Which target runs: FUZZ_TARGET=message, group or state.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    switch getenv("FUZZ_TARGET").map({ String(cString: $0) }) ?? "message" {
    case "group": Targets.group(input)
    case "state": Targets.state(input)
    default: Targets.message(input)
    }
    return 0
}

enum Targets {
    /// What decodes encodes to the same bytes.
    static func message(_ input: [UInt8]) {
        guard let message = try? MLSMessage(bytes: input) else { return }
        precondition(message.bytes == input, "decoding and encoding differ")
    }

    /// A live group hears a good message with some of its bytes changed. The first byte picks the
    /// message; then come triples: where (two bytes) and with what.
    static func group(_ input: [UInt8]) {
        guard let pick = input.first, var listener = try? Scene.shared.listener() else { return }
        var bytes = Scene.shared.messages[Int(pick) % Scene.shared.messages.count]
        var place = 1
        while place + 2 < input.count {
            let index = Int(input[place]) << 8 | Int(input[place + 1])
            bytes[index % bytes.count] ^= input[place + 2]
            place += 3
        }
        let before = listener.epoch
        guard let opened = try? listener.open(bytes: bytes) else { return }
        switch opened {
        case .application: return
        case .proposal(let proposal): try? listener.keep(proposal)
        case .commit(let commit):
            if let staged = try? listener.stage(commit) { try? listener.adopt(staged) }
        }
        precondition(listener.epoch <= before + 1)
    }

    /// A restored state, if it is one, can be used.
    static func state(_ input: [UInt8]) {
        var bytes = Scene.shared.state
        var place = 0
        while place + 2 < input.count {
            let index = Int(input[place]) << 8 | Int(input[place + 1])
            bytes[index % bytes.count] ^= input[place + 2]
            place += 3
        }
        for candidate in [bytes, input] {
            guard var group = try? Group.restore(candidate, environment: Scene.environment) else {
                continue
            }
            _ = try? group.encrypt([1])
            for message in Scene.shared.messages { _ = try? group.open(bytes: message) }
            _ = try? group.commit()
        }
    }
}

/// A group of two, the state of one and what the other sends.
struct Scene: Sendable {
    static let environment = Environment(now: { 1_800_000_000 })
    static let shared: Scene = {
        do { return try Scene() } catch { fatalError("\(error)") }
    }()

    let state: [UInt8]
    let messages: [[UInt8]]

    init() throws {
        let suite = CipherSuite.x25519AES128GCMSHA256Ed25519
        let policy = GroupPolicy(encryptsHandshakes: false)
        let identities = try (UInt8(0)..<3).map { number in
            Identity(
                credential: .basic(identity: [number]),
                signatureKey: try SignaturePrivateKey(for: suite, environment: Self.environment))
        }
        let bundles = try identities.map {
            try KeyPackageBundle(suite: suite, identity: $0, environment: Self.environment)
        }
        var alice = try Group.create(
            suite: suite, identity: identities[0], policy: policy, environment: Self.environment)
        let pending = try alice.commit([.add(bundles[1].keyPackage)])
        guard case .welcome(let welcome)? = pending.welcome else { throw MLSError.welcomeNotForUs }
        try alice.adopt(pending)
        let bob = try Group.join(
            welcome, with: bundles[1], policy: policy, environment: Self.environment
        ).adopt()
        state = bob.savedState()
        var messages = [try alice.encrypt([1, 2, 3]).bytes]
        messages.append(try alice.commit().message.bytes)
        messages.append(try alice.commit([.add(bundles[2].keyPackage)]).message.bytes)
        guard case .groupInfo(let info) = try alice.groupInfo(allowsExternalCommits: true) else {
            throw MLSError.treeMissing
        }
        let outsider = try Group.joinExternally(
            info, as: identities[2], environment: Self.environment)
        messages.append(outsider.message.bytes)
        messages.append(try alice.propose(.remove(bob.ownLeafIndex)).bytes)
        self.messages = messages
    }

    func listener() throws -> Group {
        try Group.restore(state, environment: Self.environment)
    }
}
