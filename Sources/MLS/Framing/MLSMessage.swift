public import TLSSyntax

/// `MLSMessage` of RFC 9420 section 6: bytes from the network, decoded and not verified.
public enum MLSMessage: Sendable, Equatable, TLSCodable {
    /// For a member's group to open.
    case publicMessage(PublicMessage)
    /// For a member's group to open.
    case privateMessage(PrivateMessage)
    /// For a newcomer to join by.
    case welcome(Welcome)
    /// For a newcomer to join by, if it has the external key.
    case groupInfo(GroupInfo)
    /// For a member to add its owner.
    case keyPackage(KeyPackage)

    /// Which of them it is.
    public var wireFormat: WireFormat {
        switch self {
        case .publicMessage: .publicMessage
        case .privateMessage: .privateMessage
        case .welcome: .welcome
        case .groupInfo: .groupInfo
        case .keyPackage: .keyPackage
        }
    }

    /// Appends the message.
    public func encode(into writer: inout TLSWriter) {
        writer.write(ProtocolVersion.mls10)
        writer.write(wireFormat)
        switch self {
        case .publicMessage(let message): writer.write(message)
        case .privateMessage(let message): writer.write(message)
        case .welcome(let welcome): writer.write(welcome)
        case .groupInfo(let info): writer.write(info)
        case .keyPackage(let package): writer.write(package)
        }
    }

    /// Reads a message. A key package of another version than its message's is refused (section
    /// 10).
    public init(from reader: inout TLSReader) throws(CodecError) {
        guard try reader.read(ProtocolVersion.self) == .mls10 else {
            throw .invalidValue("ProtocolVersion")
        }
        switch try reader.read(WireFormat.self) {
        case .publicMessage: self = .publicMessage(try reader.read())
        case .privateMessage: self = .privateMessage(try reader.read())
        case .welcome: self = .welcome(try reader.read())
        case .groupInfo: self = .groupInfo(try reader.read())
        case .keyPackage:
            let package = try reader.read(KeyPackage.self)
            guard package.version == .mls10 else { throw .invalidValue("ProtocolVersion") }
            self = .keyPackage(package)
        default: throw .invalidValue("WireFormat")
        }
    }

    /// Reads a message that fills `bytes` exactly.
    ///
    /// - Throws: `MLSError.malformed`.
    public init(bytes: [UInt8]) throws(MLSError) {
        do { self = try MLSMessage(tlsEncoded: bytes) } catch { throw .malformed(error) }
    }

    /// The message as it goes over the network.
    public var bytes: [UInt8] { tlsEncoded }
}
