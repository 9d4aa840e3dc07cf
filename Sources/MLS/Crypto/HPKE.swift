import TLSSyntax

/// HPKE in base mode (RFC 9180 sections 5.1 and 5.2): one message under sequence number 0, and
/// exports. MLS needs no more, and swift-crypto's own takes no ephemeral key and lets a zero
/// shared secret pass.
struct HPKEContext: Sendable {
    private let suite: Suite
    private let key: Secret
    private let nonce: [UInt8]
    private let exporterSecret: Secret
    /// A second message under the same nonce must not be.
    private var isSpent = false

    /// `KeySchedule(mode_base, shared_secret, info, "", "")`.
    fileprivate init(_ suite: Suite, shared: Secret, info: HPKEInfo) {
        let id = suite.hpkeSuiteID
        let secret = suite.hash.labeledExtract(shared, id, "secret", Secret([]))
        let expand = { (label: String, length: Int) in
            suite.hash.labeledExpand(secret, id, label, info.context, length)
        }
        self.suite = suite
        key = expand("key", suite.aead.keySize)
        nonce = expand("base_nonce", AEAD.nonceSize).exposed
        exporterSecret = expand("exp", suite.hash.size)
    }

    /// `Context.Seal("", pt)`.
    mutating func seal(_ plaintext: [UInt8]) throws(MLSError) -> [UInt8] {
        guard !isSpent else { throw .cryptoFailure }
        isSpent = true
        return try suite.aead.seal(plaintext, key: key, nonce: nonce, authenticating: [])
    }

    /// `Context.Open("", ct)`.
    mutating func open(_ ciphertext: [UInt8]) throws(MLSError) -> [UInt8] {
        guard !isSpent else { throw .cryptoFailure }
        isSpent = true
        return try suite.aead.open(ciphertext, key: key, nonce: nonce, authenticating: [])
    }

    /// `Context.Export(exporter_context, L)`.
    func export(_ context: String, length: Int) -> Secret {
        suite.hash.labeledExpand(
            exporterSecret, suite.hpkeSuiteID, "sec", Array(context.utf8), length)
    }
}

/// `key_schedule_context` in base mode: the info, hashed. Many messages may share it, as the
/// recipients of one Welcome do, whose info is the whole encrypted GroupInfo.
struct HPKEInfo: Sendable {
    fileprivate let context: [UInt8]

    init(_ suite: Suite, _ info: [UInt8]) {
        let hash = { (label: String, input: [UInt8]) in
            suite.hash.labeledExtract(
                Secret([]), suite.hpkeSuiteID, label, Secret(input)
            ).exposed
        }
        context = [0] + hash("psk_id_hash", []) + hash("info_hash", info)
    }
}

extension Suite {
    fileprivate var hpkeSuiteID: [UInt8] {
        Array("HPKE".utf8) + kem.id.tlsEncoded + hash.hpkeID.tlsEncoded
            + aead.hpkeID.tlsEncoded
    }

    /// `SetupBaseS(pkR, info)`.
    func setupBaseS(
        _ key: HPKEPublicKey, info: HPKEInfo, _ environment: Environment
    ) throws(MLSError) -> (HPKEContext, kemOutput: [UInt8]) {
        let (shared, kemOutput) = try kem.encapsulate(to: key, environment)
        return (HPKEContext(self, shared: shared, info: info), kemOutput)
    }

    /// `SetupBaseR(enc, skR, info)`.
    func setupBaseR(
        _ kemOutput: [UInt8], _ key: HPKEPrivateKey, info: HPKEInfo
    ) throws(MLSError) -> HPKEContext {
        HPKEContext(self, shared: try kem.decapsulate(kemOutput, with: key), info: info)
    }
}

extension HashAlgorithm {
    /// The number of HKDF with this hash in the HPKE registry.
    fileprivate var hpkeID: UInt16 {
        switch self {
        case .sha256: 1
        case .sha384: 2
        case .sha512: 3
        }
    }

    fileprivate func labeledExtract(
        _ salt: Secret, _ suiteID: [UInt8], _ label: String, _ input: Secret
    ) -> Secret {
        extract(
            salt: salt, prefix: Array("HPKE-v1".utf8) + suiteID + Array(label.utf8), input)
    }

    fileprivate func labeledExpand(
        _ prk: Secret, _ suiteID: [UInt8], _ label: String, _ info: [UInt8], _ length: Int
    ) -> Secret {
        let head = UInt16(length).tlsEncoded + Array("HPKE-v1".utf8) + suiteID
        return expand(prk, info: head + Array(label.utf8) + info, length: length)
    }
}
