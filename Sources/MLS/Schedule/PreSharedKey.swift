public import TLSSyntax

/// `ResumptionPSKUsage` of RFC 9420 section 8.4.
public enum ResumptionUsage: UInt8, Sendable {
    /// For the application's own purposes.
    case application = 1
    /// To tie a reinitialized group to the old one.
    case reinit = 2
    /// To tie a subgroup to the whole.
    case branch = 3
}

/// Which key is meant, without the nonce of its use.
public enum PreSharedKeyName: Sendable, Hashable {
    /// One that the application provides.
    case external(id: [UInt8])
    /// The `resumption_psk` of an epoch of a group.
    case resumption(ResumptionUsage, groupID: [UInt8], epoch: UInt64)
}

/// `PreSharedKeyID` of RFC 9420 section 8.4.
public struct PreSharedKeyID: Sendable, Hashable, TLSCodable {
    /// Which key.
    public var name: PreSharedKeyName
    /// Fresh for each use, `KDF.Nh` bytes.
    public var nonce: [UInt8]

    /// An id of these two.
    public init(name: PreSharedKeyName, nonce: [UInt8]) {
        self.name = name
        self.nonce = nonce
    }

    /// Appends the id.
    public func encode(into writer: inout TLSWriter) {
        switch name {
        case .external(let id):
            writer.write(UInt8(1))
            writer.writeOpaque(id)
        case .resumption(let usage, let groupID, let epoch):
            writer.write(UInt8(2))
            writer.write(usage.rawValue)
            writer.writeOpaque(groupID)
            writer.write(epoch)
        }
        writer.writeOpaque(nonce)
    }

    /// Reads an id.
    public init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(UInt8.self) {
        case 1: name = .external(id: try reader.readOpaque())
        case 2:
            guard let usage = ResumptionUsage(rawValue: try reader.read()) else {
                throw .invalidValue("ResumptionPSKUsage")
            }
            name = .resumption(usage, groupID: try reader.readOpaque(), epoch: try reader.read())
        default: throw .invalidValue("PSKType")
        }
        nonce = try reader.readOpaque()
    }
}

/// The pre-shared keys that the application has at hand. Resumption keys of a group's own recent
/// epochs need not be among them.
public struct PreSharedKeys: Sendable {
    private var external: [[UInt8]: Secret] = [:]
    private var resumption: [ResumptionName: Secret] = [:]

    private struct ResumptionName: Sendable, Hashable {
        let groupID: [UInt8]
        let epoch: UInt64
    }

    /// None.
    public init() {}

    /// External keys by their ids.
    public init(external: [[UInt8]: Secret]) {
        self.external = external
    }

    /// Adds an external key.
    public mutating func add(_ secret: Secret, externalID: [UInt8]) {
        external[externalID] = secret
    }

    /// Adds the `resumption_psk` of an epoch of a group.
    public mutating func add(_ secret: Secret, groupID: [UInt8], epoch: UInt64) {
        resumption[ResumptionName(groupID: groupID, epoch: epoch)] = secret
    }

    /// Adds all of another.
    mutating func merge(_ other: PreSharedKeys) {
        external.merge(other.external) { own, _ in own }
        resumption.merge(other.resumption) { own, _ in own }
    }

    func secret(_ name: PreSharedKeyName) throws(MLSError) -> Secret {
        let found: Secret? =
            switch name {
            case .external(let id): external[id]
            case .resumption(_, let groupID, let epoch):
                resumption[ResumptionName(groupID: groupID, epoch: epoch)]
            }
        guard let found else { throw .unknownPreSharedKey(name) }
        return found
    }

    /// `psk_secret` (RFC 9420 section 8.4).
    func pskSecret(_ ids: [PreSharedKeyID], suite: Suite) throws(MLSError) -> Secret {
        var secret = Secret.zeros(suite.hash.size)
        guard ids.count <= Int(UInt16.max) else { throw .tooManyPreSharedKeys }
        for (index, id) in ids.enumerated() {
            let extracted = suite.hash.extract(
                salt: .zeros(suite.hash.size), try self.secret(id.name))
            var label = TLSWriter()
            label.write(id)
            label.write(UInt16(index))
            label.write(UInt16(ids.count))
            let input = suite.expandWithLabel(
                extracted, "derived psk", context: label.bytes, length: suite.hash.size)
            secret = suite.hash.extract(salt: input, secret)
        }
        return secret
    }
}
