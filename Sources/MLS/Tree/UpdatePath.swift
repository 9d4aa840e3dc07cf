import TLSSyntax

/// `UpdatePathNode` of RFC 9420 section 7.6.
struct UpdatePathNode: Sendable, Equatable, TLSCodable {
    var encryptionKey: HPKEPublicKey
    /// One for each node of the copath child's resolution.
    var encryptedPathSecret: [HPKECiphertext]

    init(encryptionKey: HPKEPublicKey, encryptedPathSecret: [HPKECiphertext]) {
        self.encryptionKey = encryptionKey
        self.encryptedPathSecret = encryptedPathSecret
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(encryptionKey)
        writer.writeVector(encryptedPathSecret)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        encryptionKey = try reader.read()
        encryptedPathSecret = try reader.readVector()
    }
}

/// `UpdatePath` of RFC 9420 section 7.6.
struct UpdatePath: Sendable, Equatable, TLSCodable {
    var leafNode: LeafNode
    var nodes: [UpdatePathNode]

    init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
        self.leafNode = leafNode
        self.nodes = nodes
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(leafNode)
        writer.writeVector(nodes)
    }

    init(from reader: inout TLSReader) throws(CodecError) {
        leafNode = try reader.read()
        nodes = try reader.readVector()
    }
}
