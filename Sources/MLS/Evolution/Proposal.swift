public import TLSSyntax

/// `ProposalType` of RFC 9420 section 12.1.
public struct ProposalType: CodePoint {
    /// The number.
    public let rawValue: UInt16
    /// The type of a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// A member is added.
    public static let add = Self(rawValue: 1)
    /// A member replaces its leaf.
    public static let update = Self(rawValue: 2)
    /// A member is removed.
    public static let remove = Self(rawValue: 3)
    /// A pre-shared key goes into the key schedule.
    public static let psk = Self(rawValue: 4)
    /// The group is closed and begun anew.
    public static let reinit = Self(rawValue: 5)
    /// The init secret of an external commit.
    public static let externalInit = Self(rawValue: 6)
    /// The group's extensions are replaced.
    public static let groupContextExtensions = Self(rawValue: 7)

    /// The types that all clients support and that capabilities must not list (section 7.2).
    public var isDefault: Bool { (1...7).contains(rawValue) }

    /// The "Ext" column of section 17.4: whether an external sender may propose it.
    var isAllowedExternally: Bool {
        [.add, .remove, .psk, .reinit, .groupContextExtensions].contains(self)
    }

    /// The "Path Required" column of section 17.4.
    var requiresPath: Bool {
        [.update, .remove, .externalInit, .groupContextExtensions].contains(self)
    }
}

/// `ReInit` of RFC 9420 section 12.1.5: what the new group shall be.
public struct ReInit: Sendable, Hashable, TLSCodable {
    /// The new group's name.
    public var groupID: [UInt8]
    /// Its version, not below the old one's.
    public var version: ProtocolVersion
    /// Its suite.
    public var cipherSuite: CipherSuite
    /// Its extensions.
    public var extensions: Extensions

    /// A group of these.
    public init(groupID: [UInt8], cipherSuite: CipherSuite, extensions: Extensions = []) {
        self.groupID = groupID
        version = .mls10
        self.cipherSuite = cipherSuite
        self.extensions = extensions
    }

    /// Appends the parameters.
    public func encode(into writer: inout TLSWriter) {
        writer.writeOpaque(groupID)
        writer.write(version)
        writer.write(cipherSuite)
        writer.write(extensions)
    }

    /// Reads the parameters.
    public init(from reader: inout TLSReader) throws(CodecError) {
        groupID = try reader.readOpaque()
        version = try reader.read()
        cipherSuite = try reader.read()
        extensions = try reader.read()
    }
}

/// `Proposal` of RFC 9420 section 12.1.
public enum Proposal: Sendable, Hashable, TLSCodable {
    /// Add the owner of a key package.
    case add(KeyPackage)
    /// Replace the sender's leaf.
    case update(LeafNode)
    /// Remove the member at a leaf.
    case remove(LeafIndex)
    /// Inject a pre-shared key.
    case preSharedKey(PreSharedKeyID)
    /// Close the group and begin anew.
    case reInit(ReInit)
    /// The KEM output of an external commit.
    case externalInit(kemOutput: [UInt8])
    /// Replace the group's extensions, all of them.
    case groupContextExtensions(Extensions)

    /// Which of them it is.
    public var type: ProposalType {
        switch self {
        case .add: .add
        case .update: .update
        case .remove: .remove
        case .preSharedKey: .psk
        case .reInit: .reinit
        case .externalInit: .externalInit
        case .groupContextExtensions: .groupContextExtensions
        }
    }

    /// Appends the type and the body.
    public func encode(into writer: inout TLSWriter) {
        writer.write(type)
        switch self {
        case .add(let package): writer.write(package)
        case .update(let leaf): writer.write(leaf)
        case .remove(let leaf): writer.write(leaf)
        case .preSharedKey(let id): writer.write(id)
        case .reInit(let parameters): writer.write(parameters)
        case .externalInit(let kemOutput): writer.writeOpaque(kemOutput)
        case .groupContextExtensions(let extensions): writer.write(extensions)
        }
    }

    /// Reads a proposal; one of an unknown type has no end that we could find, and we do not claim
    /// to support any.
    public init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(ProposalType.self) {
        case .add: self = .add(try reader.read())
        case .update: self = .update(try reader.read())
        case .remove: self = .remove(try reader.read())
        case .psk: self = .preSharedKey(try reader.read())
        case .reinit: self = .reInit(try reader.read())
        case .externalInit: self = .externalInit(kemOutput: try reader.readOpaque())
        case .groupContextExtensions: self = .groupContextExtensions(try reader.read())
        default: throw .invalidValue("ProposalType")
        }
    }
}
