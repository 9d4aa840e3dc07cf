/// The proposals seen in this epoch, by reference and in order of arrival.
struct ProposalCache: Sendable {
    private(set) var list: [Cached] = []
    private var places: [[UInt8]: Int] = [:]

    struct Cached: Sendable {
        let reference: [UInt8]
        let entry: ProposalEntry
    }

    var isEmpty: Bool { list.isEmpty }

    subscript(reference: [UInt8]) -> ProposalEntry? {
        places[reference].map { list[$0].entry }
    }

    mutating func keep(_ entry: ProposalEntry, reference: [UInt8]) {
        guard places[reference] == nil else { return }
        places[reference] = list.count
        list.append(Cached(reference: reference, entry: entry))
    }

    mutating func drop(_ reference: [UInt8]) {
        list.removeAll { $0.reference == reference }
        places = Dictionary(
            uniqueKeysWithValues: list.enumerated().map { ($1.reference, $0) })
    }

    /// The most of them that one commit of ours can cover together, as RFC 9420 section 12.2
    /// advises: a Remove before Updates of the same leaf, of Updates the last, and anything before
    /// a ReInit. What only another member can commit, as our own Update, is left out.
    func selection(for committer: LeafIndex) -> [Cached] {
        var removed: Set<LeafIndex> = []
        var lastUpdate: [Sender: [UInt8]] = [:]
        var lastExtensions: [UInt8]?
        for cached in list {
            switch cached.entry.proposal {
            case .remove(let leaf): removed.insert(leaf)
            case .update: lastUpdate[cached.entry.sender] = cached.reference
            case .groupContextExtensions: lastExtensions = cached.reference
            default: break
            }
        }
        var removesDone: Set<LeafIndex> = []
        var added: Set<SignaturePublicKey> = []
        let changes = list.filter { cached in
            switch cached.entry.proposal {
            case .remove(let leaf):
                return leaf != committer && removesDone.insert(leaf).inserted
            case .update:
                guard case .member(let leaf) = cached.entry.sender else { return false }
                return leaf != committer && !removed.contains(leaf)
                    && lastUpdate[cached.entry.sender] == cached.reference
            case .groupContextExtensions: return lastExtensions == cached.reference
            case .add(let package): return added.insert(package.leafNode.signatureKey).inserted
            case .reInit: return false
            default: return true
            }
        }
        guard changes.isEmpty else { return changes }
        return Array(list.filter { $0.entry.proposal.type == .reinit }.prefix(1))
    }
}
