import Foundation
import MLS

// Two members of an MLS group, from key packages to a farewell. Everything that would go over a
// network is bytes here, as it would be there.

let environment = Environment(now: { UInt64(Date().timeIntervalSince1970) })
let suite = CipherSuite.mlkem768X25519AES256GCMSHA384Ed25519

func makeIdentity(_ name: String) throws -> Identity {
    Identity(
        credential: .basic(identity: Array(name.utf8)),
        signatureKey: try SignaturePrivateKey(for: suite, environment: environment))
}

/// What a member does with a commit of someone else: verify, look, adopt.
func follow(_ bytes: [UInt8], in group: inout Group) throws {
    guard case .commit(let verified) = try group.open(bytes: bytes) else { return }
    let staged = try group.stage(verified)
    // Here an application looks at every new credential. What it does not trust it does not adopt.
    for member in staged.changes.added { print("  joins:", member.credential) }
    try group.adopt(staged)
}

func read(_ bytes: [UInt8], in group: inout Group) throws -> String {
    guard case .application(let message) = try group.open(bytes: bytes) else { return "" }
    return String(decoding: message.data, as: UTF8.self)
}

@main
struct TwoMembers {
    static func main() throws {
        // 1. Alice creates a group. Bob publishes a key package.
        var alice = try Group.create(
            suite: suite, identity: makeIdentity("alice"), environment: environment)
        let bob = try KeyPackageBundle(
            suite: suite, identity: makeIdentity("bob"), environment: environment)
        let published = MLSMessage.keyPackage(bob.keyPackage).bytes

        // 2. Alice checks the key package and adds Bob. The commit is a value: she adopts it when the
        //    server has taken it, and drops it when another came first.
        guard case .keyPackage(let keyPackage) = try MLSMessage(bytes: published) else { return }
        try keyPackage.validate(now: environment.now())
        let adding = try alice.commit([.add(keyPackage)])
        let welcome = adding.welcome?.bytes ?? []
        try alice.adopt(adding)

        // 3. Bob joins by the Welcome, after a look at who is there.
        guard case .welcome(let invitation) = try MLSMessage(bytes: welcome) else { return }
        let join = try Group.join(invitation, with: bob, environment: environment)
        print("Bob was invited by:", join.signer.credential)
        var bobs = join.adopt()
        print("Same epoch, same secrets:", alice.epochAuthenticator == bobs.epochAuthenticator)

        // 4. They talk.
        let hello = try alice.encrypt(Array("Hello, Bob".utf8)).bytes
        print("Bob reads:", try read(hello, in: &bobs))

        // 5. Bob renews his keys: whoever had stolen them is out again.
        let renewal = try bobs.commit()
        try follow(renewal.message.bytes, in: &alice)
        try bobs.adopt(renewal)

        // 6. Alice proposes, Bob commits.
        let name = PreSharedKeyName.external(id: Array("a key that both have".utf8))
        let proposal = try alice.propose(.preSharedKey(name)).bytes
        if case .proposal(let verified) = try bobs.open(bytes: proposal) { try bobs.keep(verified) }
        var options = CommitOptions()
        options.preSharedKeys.add(
            Secret([1, 2, 3]), externalID: Array("a key that both have".utf8))
        let injection = try bobs.commit(options: options)
        if case .commit(let verified) = try alice.open(injection.message) {
            let staged = try alice.stage(verified, preSharedKeys: options.preSharedKeys)
            try alice.adopt(staged)
        }
        try bobs.adopt(injection)

        // 7. A secret for another purpose, the same on both sides.
        let exported = try alice.export(label: "example", context: [], length: 32)
        print(
            "Exporters agree:",
            try bobs.export(label: "example", context: [], length: 32) == exported)

        // 8. Bob's program ends and starts again. The bytes are secret: seal them before they are kept.
        let state = bobs.savedState()
        var again = try Group.restore(state, environment: environment)
        let answer = try again.encrypt(Array("Hello, Alice".utf8)).bytes
        print("Alice reads:", try read(answer, in: &alice))

        // 9. Alice removes Bob.
        let farewell = try alice.commit([.remove(again.ownLeafIndex)])
        try follow(farewell.message.bytes, in: &again)
        try alice.adopt(farewell)
        print("Bob is out:", again.isRemoved, "- members left:", alice.memberCount)
    }
}
