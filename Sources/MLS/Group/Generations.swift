extension Group {
    /// The generation of the next message of ours (RFC 9420 section 9.1).
    ///
    /// - Throws: `MLSError.removedFromGroup`.
    public mutating func nextGeneration(_ kind: RatchetKind) throws(MLSError) -> UInt32 {
        guard !isRemoved else { throw .removedFromGroup }
        return try secretTree.generation(kind, of: ownLeafIndex)
    }

    /// Leaves generations of ours unused, so that the next message has this one or a later one.
    ///
    /// A program that keeps its state now and then reserves a block of generations each time. When it
    /// is restored after a crash, it skips to the end of the block: no key can serve twice. Each
    /// skipped generation costs three derivations, and receivers follow as far as their
    /// `RatchetPolicy.maximumForward`.
    ///
    /// - Throws: `MLSError.removedFromGroup`.
    public mutating func skipGenerations(
        _ kind: RatchetKind, to generation: UInt32
    ) throws(MLSError) {
        guard !isRemoved else { throw .removedFromGroup }
        try secretTree.skip(kind, of: ownLeafIndex, to: generation)
    }
}
