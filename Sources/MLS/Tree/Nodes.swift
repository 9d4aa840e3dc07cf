import TLSSyntax

/// `ParentNode` of RFC 9420 section 7.1.
struct ParentNode: Sendable, Equatable, TLSCodable {
    var encryptionKey: HPKEPublicKey
    /// Of the next node above on the filtered direct path that set this one; empty at its top.
    var parentHash: [UInt8]
    /// Leaves below that do not know the private key, in increasing order.
    var unmergedLeaves: [LeafIndex]

    init(encryptionKey: HPKEPublicKey, parentHash: [UInt8], unmergedLeaves: [LeafIndex] = []) {
        self.encryptionKey = encryptionKey
        self.parentHash = parentHash
        self.unmergedLeaves = unmergedLeaves
    }

    func encode(into writer: inout TLSWriter) {
        writer.write(encryptionKey)
        writer.writeOpaque(parentHash)
        writer.writeVector(unmergedLeaves)
    }

    /// Section 7.1: "The entries in the `unmerged_leaves` vector MUST be sorted in increasing
    /// order."
    init(from reader: inout TLSReader) throws(CodecError) {
        encryptionKey = try reader.read()
        parentHash = try reader.readOpaque()
        unmergedLeaves = try reader.readVector()
        guard zip(unmergedLeaves, unmergedLeaves.dropFirst()).allSatisfy(<) else {
            throw .invalidValue("unmerged_leaves")
        }
    }

    /// Adds a leaf at its place in the order.
    mutating func addUnmerged(_ leaf: LeafIndex) {
        let place = unmergedLeaves.lowerBound(leaf)
        if place < unmergedLeaves.count, unmergedLeaves[place] == leaf { return }
        unmergedLeaves.insert(leaf, at: place)
    }
}

extension RandomAccessCollection where Element: Comparable, Index == Int {
    /// Where an element stands or would stand in a sorted collection.
    func lowerBound(_ element: Element) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A value behind one reference, so that copying a tree copies a word per leaf.
final class Box<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
