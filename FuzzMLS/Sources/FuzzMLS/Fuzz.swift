import MLS

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// libFuzzer's own loop.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`; which target runs is FUZZ_TARGET=message, group or
/// state.
@_cdecl("FuzzMLS_main")
public func fuzzMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments) { start, size in
        let input = Array(UnsafeBufferPointer(start: start, count: size))
        switch getenv("FUZZ_TARGET").map({ String(cString: $0) }) ?? "message" {
        case "group": Targets.group(input)
        case "state": Targets.state(input)
        default: Targets.message(input)
        }
        return 0
    }
}

enum Targets {
    /// What decodes encodes to the same bytes; the input as it is, and a good message changed by it.
    static func message(_ input: [UInt8]) {
        let changed = input.isEmpty ? [] : Scene.shared.changed(Scene.shared.all, by: input)
        for bytes in [input, changed] {
            guard let message = try? MLSMessage(bytes: bytes) else { continue }
            precondition(message.bytes == bytes, "decoding and encoding differ")
        }
    }

    /// A live group hears a good message with some of its bytes changed.
    static func group(_ input: [UInt8]) {
        guard !input.isEmpty, var listener = try? Scene.shared.listener() else { return }
        let bytes = Scene.shared.changed(Scene.shared.messages, by: input)
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
        guard !input.isEmpty else { return }
        for candidate in [Scene.shared.changed([Scene.shared.state], by: input), input] {
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
    /// What the other sends to the group.
    let messages: [[UInt8]]
    /// One of each kind.
    let all: [[UInt8]]

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
        all =
            messages + [
                MLSMessage.welcome(welcome).bytes, MLSMessage.groupInfo(info).bytes,
                MLSMessage.keyPackage(bundles[0].keyPackage).bytes,
            ]
    }

    /// The first byte picks one; then come triples: where (two bytes) and with what.
    func changed(_ list: [[UInt8]], by input: [UInt8]) -> [UInt8] {
        var bytes = list[Int(input[0]) % list.count]
        var place = 1
        while place + 2 < input.count {
            let index = Int(input[place]) << 8 | Int(input[place + 1])
            bytes[index % bytes.count] ^= input[place + 2]
            place += 3
        }
        return bytes
    }

    func listener() throws -> Group {
        try Group.restore(state, environment: Self.environment)
    }
}
