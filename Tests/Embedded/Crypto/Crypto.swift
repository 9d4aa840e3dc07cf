// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// A stand-in for swift-crypto with the declarations that the targets fit for Embedded Swift use, and
// nothing behind them. `scripts/check-embedded` compiles against it; nothing is ever run with it.

public enum CryptoKitError: Error { case notHere }

/// Bytes as swift-crypto's calls take them, without Foundation's protocols.
public protocol ByteSource {}
extension Array: ByteSource where Element == UInt8 {}
extension ArraySlice: ByteSource where Element == UInt8 {}
extension UnsafeRawBufferPointer: ByteSource {}

/// Bytes as swift-crypto's calls give them.
public protocol ByteResult: ByteSource, Sequence, Sendable where Element == UInt8 {}
extension ByteResult {
    public func makeIterator() -> IndexingIterator<[UInt8]> { [UInt8]().makeIterator() }
    public func withUnsafeBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R { try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
}

// MARK: Hashes

public struct HashBytes<H: HashFunction>: ByteResult, Hashable {
    public static var byteCount: Int { 0 }
}

public protocol HashFunction: Sendable {
    init()
}

extension HashFunction {
    public typealias Digest = HashBytes<Self>
    public static func hash(data: some ByteSource) -> Digest { Digest() }
    public mutating func update(data: some ByteSource) {}
    public func finalize() -> Digest { Digest() }
}

public struct SHA256: HashFunction { public init() {} }
public struct SHA384: HashFunction { public init() {} }
public struct SHA512: HashFunction { public init() {} }

public struct HashedAuthenticationCode<H: HashFunction>: ByteResult, Hashable {}

public struct HMAC<H: HashFunction>: Sendable {
    public typealias MAC = HashedAuthenticationCode<H>
    public init(key: SymmetricKey) {}
    public mutating func update(data: some ByteSource) {}
    public func finalize() -> HashedAuthenticationCode<H> { .init() }
    public static func authenticationCode(
        for data: some ByteSource, using key: SymmetricKey
    ) -> HashedAuthenticationCode<H> { .init() }
    public static func isValidAuthenticationCode(
        _ code: some ByteSource, authenticating data: some ByteSource, using key: SymmetricKey
    ) -> Bool { false }
}

public enum HKDF<H: HashFunction> {
    public static func deriveKey(
        inputKeyMaterial: SymmetricKey, salt: some ByteSource, info: some ByteSource,
        outputByteCount: Int
    ) -> SymmetricKey { SymmetricKey(data: [UInt8]()) }
    public static func deriveKey(
        inputKeyMaterial: SymmetricKey, info: some ByteSource, outputByteCount: Int
    ) -> SymmetricKey { SymmetricKey(data: [UInt8]()) }
}

// MARK: Keys and ciphers

public struct SymmetricKeySize: Sendable {
    public static let bits128 = SymmetricKeySize(bitCount: 128)
    public static let bits256 = SymmetricKeySize(bitCount: 256)
    public init(bitCount: Int) {}
}

public struct SymmetricKey: ByteResult, Equatable {
    public init(data: some ByteSource) {}
    public init(size: SymmetricKeySize) {}
    public var bitCount: Int { 0 }
}

public struct SharedSecret: ByteResult {}

public enum AES {
    public enum GCM {
        public struct Nonce: Sendable {
            public init() {}
            public init(data: some ByteSource) throws(CryptoKitError) {}
        }

        public struct SealedBox: Sendable {
            public var ciphertext: [UInt8] { [] }
            public var tag: [UInt8] { [] }
            public var combined: [UInt8]? { nil }
            public init(combined: some ByteSource) throws(CryptoKitError) {}
            public init(
                nonce: Nonce, ciphertext: some ByteSource, tag: some ByteSource
            ) throws(CryptoKitError) {}
        }

        public static func seal(
            _ message: some ByteSource, using key: SymmetricKey, nonce: Nonce? = nil,
            authenticating data: some ByteSource
        ) throws(CryptoKitError) -> SealedBox { throw .notHere }
        public static func seal(
            _ message: some ByteSource, using key: SymmetricKey, nonce: Nonce? = nil
        ) throws(CryptoKitError) -> SealedBox { throw .notHere }
        public static func open(
            _ box: SealedBox, using key: SymmetricKey, authenticating data: some ByteSource
        ) throws(CryptoKitError) -> [UInt8] { throw .notHere }
        public static func open(
            _ box: SealedBox, using key: SymmetricKey
        ) throws(CryptoKitError) -> [UInt8] { throw .notHere }
    }
}

public typealias ChaChaPoly = AES.GCM

public enum Curve25519 {
    public enum Signing {
        public struct PublicKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
            public func isValidSignature(
                _ signature: some ByteSource, for data: some ByteSource
            ) -> Bool { false }
        }

        public struct PrivateKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public var publicKey: PublicKey { unavailable() }
            public init() {}
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
            public func signature(for data: some ByteSource) throws(CryptoKitError) -> [UInt8] {
                throw .notHere
            }
        }
    }

    public enum KeyAgreement {
        public struct PublicKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
        }

        public struct PrivateKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public var publicKey: PublicKey { unavailable() }
            public init() {}
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
            public func sharedSecretFromKeyAgreement(
                with key: PublicKey
            ) throws(CryptoKitError) -> SharedSecret { throw .notHere }
        }
    }
}

/// P-256, P-384 and P-521, which look alike.
public enum NISTCurve<Size> {
    public enum Signing {
        public struct ECDSASignature: Sendable {
            public var derRepresentation: [UInt8] { [] }
            public init(derRepresentation: some ByteSource) throws(CryptoKitError) {}
        }

        public struct PublicKey: Sendable {
            public var x963Representation: [UInt8] { [] }
            public init(x963Representation: some ByteSource) throws(CryptoKitError) {}
            public func isValidSignature(
                _ signature: ECDSASignature, for data: some ByteSource
            ) -> Bool { false }
        }

        public struct PrivateKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public var publicKey: PublicKey { unavailable() }
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
            public func signature(
                for data: some ByteSource
            ) throws(CryptoKitError) -> ECDSASignature { throw .notHere }
        }
    }

    public enum KeyAgreement {
        public struct PublicKey: Sendable {
            public var x963Representation: [UInt8] { [] }
            public init(x963Representation: some ByteSource) throws(CryptoKitError) {}
        }

        public struct PrivateKey: Sendable {
            public var rawRepresentation: [UInt8] { [] }
            public var publicKey: PublicKey { unavailable() }
            public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
            public func sharedSecretFromKeyAgreement(
                with key: PublicKey
            ) throws(CryptoKitError) -> SharedSecret { throw .notHere }
        }
    }
}

public enum Size256 {}
public enum Size384 {}
public enum Size521 {}
public typealias P256 = NISTCurve<Size256>
public typealias P384 = NISTCurve<Size384>
public typealias P521 = NISTCurve<Size521>

public enum XWingMLKEM768X25519 {
    public struct EncapsulationResult: Sendable {
        public var sharedSecret: SymmetricKey { unavailable() }
        public var encapsulated: [UInt8] { [] }
    }

    public struct PublicKey: Sendable {
        public var rawRepresentation: [UInt8] { [] }
        public init(rawRepresentation: some ByteSource) throws(CryptoKitError) {}
        public func encapsulate() throws(CryptoKitError) -> EncapsulationResult {
            throw .notHere
        }
    }

    public struct PrivateKey: Sendable {
        public var seedRepresentation: [UInt8] { [] }
        public var publicKey: PublicKey { unavailable() }
        public init(
            seedRepresentation: some ByteSource, publicKey: PublicKey?
        ) throws(CryptoKitError) {}
        public func decapsulate(_ bytes: [UInt8]) throws(CryptoKitError) -> SymmetricKey {
            throw .notHere
        }
    }
}

func unavailable() -> Never { fatalError() }
