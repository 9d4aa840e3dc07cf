import Crypto
import MLS
import SealedFile
import TLSSyntax
import Wire

// What a page would call. It is compiled and not run: an error of Embedded Swift shows only where an
// entry point reaches the code.

private func environment() -> Environment { Environment(now: { 0 }) }

private func identity(
    _ suite: CipherSuite, _ environment: Environment
) throws(MLSError) -> Identity {
    Identity(
        credential: .basic(identity: [1]),
        signatureKey: try SignaturePrivateKey(for: suite, environment: environment))
}

/// The life of a group: RFC 9420 from creation to a saved state.
private func group(_ bytes: [UInt8], _ suite: CipherSuite) throws(MLSError) -> [UInt8] {
    let environment = environment()
    let me = try identity(suite, environment)
    var group = try Group.create(suite: suite, identity: me, environment: environment)
    let bundle = try KeyPackageBundle(suite: suite, identity: me, environment: environment)
    try bundle.keyPackage.validate(now: 0)
    let pending = try group.commit([.add(bundle.keyPackage)])
    let welcome = pending.welcome
    try group.adopt(pending)
    if case .welcome(let welcome)? = welcome {
        group = try Group.join(welcome, with: bundle, environment: environment).adopt()
    }
    var output: [UInt8] = []
    if case .groupInfo(let info) = try group.groupInfo(allowsExternalCommits: true) {
        let join = try Group.joinExternally(info, as: me, environment: environment)
        output += join.message.bytes
        group = join.adopt()
    }
    output += try group.encrypt(bytes).bytes
    output += try group.propose(.preSharedKey(.external(id: [2]))).bytes
    output += try group.proposeUpdate().bytes
    output += try follow(bytes, in: &group)
    output += try group.export(label: "page", context: [], length: 32)
        .withUnsafeBytes { Array($0) }
    group.forgetOldEpochs()
    return try output + Group.restore(group.savedState(), environment: environment).groupID
}

private func follow(_ bytes: [UInt8], in group: inout Group) throws(MLSError) -> [UInt8] {
    switch try group.open(bytes: bytes) {
    case .application(let message): return message.data
    case .proposal(let proposal):
        try group.keep(proposal)
        return []
    case .commit(let commit):
        let staged = try group.stage(commit)
        let added = staged.changes.added.count
        try group.adopt(staged)
        return [UInt8(truncatingIfNeeded: added)]
    }
}

/// A link, a proof, and frames both ways.
private func frames(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    if let link = try? Link(parsing: String(decoding: bytes, as: UTF8.self)) {
        output += Array(link.text.utf8) + link.secret.accessKey.room.tlsEncoded
        let key = ServerKeyHash(ofPublicKey: bytes)
        if let proof = try? link.secret.accessKey.prove(
            .attach, challenge: Challenge(), server: key)
        {
            output += ClientFrame.attach(.init(proof: proof)).tlsEncoded
        }
    }
    if let frame = try? ServerFrame(tlsEncoded: bytes) { output += frame.tlsEncoded }
    if let frame = try? ClientFrame(tlsEncoded: bytes) { output += frame.tlsEncoded }
    return output
}

/// A file's stream, sealed and opened.
private func file(_ bytes: [UInt8]) throws(SealedFileError) -> [UInt8] {
    let parameters = SealedFile.Parameters(
        key: SymmetricKey(size: .bits256), fileID: [UInt8](repeating: 0, count: 16))
    var sealer = FileSealer(parameters)
    var opener = FileOpener(parameters, size: UInt64(bytes.count))
    let opened = try opener.open(sealer.header + sealer.seal(bytes, isLast: true))
    try opener.finish()
    return opened
}

/// Reaches all of the above with bytes that the compiler cannot know.
@_cdecl("page")
public func page(_ start: UnsafePointer<UInt8>, _ count: Int, _ suite: UInt16) -> Int {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let messages = (try? group(bytes, CipherSuite(rawValue: suite)))?.count ?? 0
    let opened = (try? file(bytes))?.count ?? 0
    return messages + opened + frames(bytes).count
}
