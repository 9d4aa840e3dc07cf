import Crypto

/// The hash of a suite, and what is built on it: HMAC, HKDF-Extract, HKDF-Expand.
enum HashAlgorithm: Sendable {
    case sha256, sha384, sha512

    /// Bytes of an output: `KDF.Nh`.
    var size: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    func hash(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .sha256: Array(SHA256.hash(data: bytes))
        case .sha384: Array(SHA384.hash(data: bytes))
        case .sha512: Array(SHA512.hash(data: bytes))
        }
    }

    /// `MAC` of RFC 9420 section 5.1: HMAC with the hash.
    func mac(key: Secret, _ message: [UInt8]) -> [UInt8] {
        switch self {
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key.key))
        case .sha384: Array(HMAC<SHA384>.authenticationCode(for: message, using: key.key))
        case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: key.key))
        }
    }

    /// Compares in constant time.
    func isValid(mac: [UInt8], key: Secret, _ message: [UInt8]) -> Bool {
        Secret(self.mac(key: key, message)) == Secret(mac)
    }

    /// `KDF.Extract(salt, prefix ‖ input)`: HMAC under the salt (RFC 5869 section 2.2).
    func extract(salt: Secret, prefix: [UInt8] = [], _ input: Secret) -> Secret {
        switch self {
        case .sha256: Self.code(HMAC<SHA256>(key: salt.key), prefix, input)
        case .sha384: Self.code(HMAC<SHA384>(key: salt.key), prefix, input)
        case .sha512: Self.code(HMAC<SHA512>(key: salt.key), prefix, input)
        }
    }

    private static func code<H: HashFunction>(
        _ start: HMAC<H>, _ prefix: [UInt8], _ input: Secret
    ) -> Secret {
        var hmac = start
        if !prefix.isEmpty { hmac.update(data: prefix) }
        input.withUnsafeBytes { hmac.update(data: $0) }
        return Secret(key: SymmetricKey(data: hmac.finalize()))
    }

    /// `KDF.Expand(secret, info, length)` (RFC 5869 section 2.3).
    ///
    /// - Precondition: at most 255 outputs of the hash.
    func expand(_ secret: Secret, info: [UInt8], length: Int) -> Secret {
        switch self {
        case .sha256: Self.expand(HMAC<SHA256>(key: secret.key), info, length)
        case .sha384: Self.expand(HMAC<SHA384>(key: secret.key), info, length)
        case .sha512: Self.expand(HMAC<SHA512>(key: secret.key), info, length)
        }
    }

    private static func expand<H: HashFunction>(
        _ keyed: HMAC<H>, _ info: [UInt8], _ length: Int
    ) -> Secret {
        let size = H.Digest.byteCount
        precondition(length <= 255 * size, "HKDF gives at most 255 blocks")
        var last: HMAC<H>.MAC?
        var output: [UInt8] = []
        output.reserveCapacity(length)
        for block in stride(from: 0, to: length, by: size) {
            var hmac = keyed
            last?.withUnsafeBytes { hmac.update(data: $0) }
            hmac.update(data: info)
            hmac.update(data: [UInt8(block / size + 1)])
            let code = hmac.finalize()
            code.withUnsafeBytes { output.append(contentsOf: $0.prefix(length - block)) }
            last = code
        }
        let secret = Secret(output)
        output.wipe()
        return secret
    }
}

extension [UInt8] {
    /// Overwrites the bytes: for the few places where a secret had to pass through an array.
    mutating func wipe() {
        withUnsafeMutableBytes { bytes in
            for index in bytes.indices { bytes[index] = 0 }
        }
    }
}
