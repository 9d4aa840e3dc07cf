import TLSSyntax

/// `ProposalOrRef` of RFC 9420 section 12.4.
enum ProposalOrRef: Sendable, Equatable, TLSCodable {
    case proposal(Proposal)
    case reference([UInt8])

    func encode(into writer: inout TLSWriter) {
        switch self {
        case .proposal(let proposal):
            writer.write(UInt8(1))
            writer.write(proposal)
        case .reference(let reference):
            writer.write(UInt8(2))
            writer.writeOpaque(reference)
        }
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        switch try reader.read(UInt8.self) {
        case 1: self = .proposal(try reader.read())
        case 2: self = .reference(try reader.readOpaque())
        default: throw .invalidValue("ProposalOrRefType")
        }
    }
}

/// `Commit` of RFC 9420 section 12.4.
struct Commit: Sendable, Equatable, TLSCodable {
    var proposals: [ProposalOrRef]
    var path: UpdatePath?

    init(proposals: [ProposalOrRef], path: UpdatePath? = nil) {
        self.proposals = proposals
        self.path = path
    }

    func encode(into writer: inout TLSWriter) {
        writer.writeVector(proposals)
        writer.writeOptional(path)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        proposals = try reader.readVector()
        path = try reader.readOptional()
    }
}
