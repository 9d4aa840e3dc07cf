public import TLSSyntax

/// `CredentialType` of RFC 9420 section 5.3.
public struct CredentialType: CodePoint {
    /// The number.
    public let rawValue: UInt16
    /// The type of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// An identity and nothing else.
    public static let basic = Self(rawValue: 1)
    /// A chain of X.509 certificates.
    public static let x509 = Self(rawValue: 2)
}

/// `Credential` of RFC 9420 section 5.3: who a member claims to be.
///
/// Nothing in it is checked here. Whoever uses the library looks at the credentials of a
/// `StagedCommit` or `StagedJoin` before adopting it: that a basic identity is one it accepts, that
/// a certificate chain is trusted, and that the first certificate's key is the leaf's signature key.
public enum Credential: Sendable, Hashable, TLSCodable {
    /// An identity in a form of the application's own.
    case basic(identity: [UInt8])
    /// DER certificates, the end entity's first.
    case x509(certificates: [[UInt8]])

    /// The type that a leaf must list among its capabilities.
    public var type: CredentialType {
        switch self {
        case .basic: .basic
        case .x509: .x509
        }
    }

    /// Appends the type and what belongs to it.
    public func encode(into writer: inout TLSWriter) {
        writer.write(type)
        switch self {
        case .basic(let identity): writer.writeOpaque(identity)
        case .x509(let certificates):
            writer.writeVector { writer in
                for certificate in certificates { writer.writeOpaque(certificate) }
            }
        }
    }

    /// Reads a credential; one of an unknown type has no end that we could find, so it is an error.
    public init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(CredentialType.self) {
        case .basic: self = .basic(identity: try reader.readOpaque())
        case .x509:
            var list = try reader.readNested()
            var certificates: [[UInt8]] = []
            while !list.isAtEnd { certificates.append(try list.readOpaque()) }
            self = .x509(certificates: certificates)
        default: throw .invalidValue("CredentialType")
        }
    }
}

/// What a client signs as: its credential and the signature key that goes with it.
public struct Identity: Sendable {
    /// Who the client claims to be.
    public var credential: Credential
    /// The key that it signs with.
    public var signatureKey: SignaturePrivateKey

    /// An identity of these two.
    public init(credential: Credential, signatureKey: SignaturePrivateKey) {
        self.credential = credential
        self.signatureKey = signatureKey
    }
}
