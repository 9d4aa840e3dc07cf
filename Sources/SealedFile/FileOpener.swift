import Crypto

/// Opens one stream of a file whose size is known, fed with the bytes as they come.
package struct FileOpener: Sendable {
    private let parameters: SealedFile.Parameters
    private let size: UInt64
    private let chunkCount: UInt64
    private var key: SymmetricKey?
    private var chunk: UInt64
    /// What came and is not a whole chunk yet: never more than one.
    private var pending: [UInt8] = []

    /// - Parameter size: bytes of the whole file, as it was announced.
    package init(_ parameters: SealedFile.Parameters, size: UInt64) {
        self.parameters = parameters
        self.size = size
        chunkCount = SealedFile.chunkCount(ofSize: size)
        chunk = parameters.firstChunk
        pending.reserveCapacity(SealedFile.chunkSize + SealedFile.tagSize)
    }

    /// True when the last chunk was opened.
    package var isComplete: Bool { chunk >= chunkCount }

    /// Takes the next bytes of the stream, in pieces of any size.
    ///
    /// - Returns: the bytes of the file that are certain now; they are good even when a later call
    ///   throws.
    /// - Throws: `SealedFileError`; the stream is then worth nothing more.
    package mutating func open(_ bytes: [UInt8]) throws(SealedFileError) -> [UInt8] {
        var opened: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard !isComplete else { throw .extended }
            let wanted = key == nil ? SealedFile.saltSize : sealedSize
            let piece = rest.prefix(wanted - pending.count)
            pending.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            guard pending.count == wanted else { break }
            if key == nil {
                key = parameters.streamKey(salt: pending)
            } else {
                opened.append(contentsOf: try openPending())
            }
            pending.removeAll(keepingCapacity: true)
        }
        return opened
    }

    /// The stream ended.
    ///
    /// - Throws: `truncated`, or `shorterThanDeclared` when the sender itself ended it early.
    package func finish() throws(SealedFileError) {
        guard !isComplete else { return }
        if pending.count >= SealedFile.tagSize, (try? decrypt(asLast: true)) != nil {
            throw .shorterThanDeclared
        }
        throw .truncated
    }

    private var isLast: Bool { chunk == chunkCount - 1 }

    private var sealedSize: Int {
        let full = UInt64(SealedFile.chunkSize)
        return Int(isLast ? size - chunk * full : full) + SealedFile.tagSize
    }

    private mutating func openPending() throws(SealedFileError) -> [UInt8] {
        do {
            let bytes = try decrypt(asLast: isLast)
            chunk += 1
            return bytes
        } catch {
            // Whole and honest, but with the other flag: the sender's file has another size.
            guard (try? decrypt(asLast: !isLast)) != nil else { throw error }
            throw isLast ? .longerThanDeclared : .shorterThanDeclared
        }
    }

    private func decrypt(asLast: Bool) throws(SealedFileError) -> [UInt8] {
        guard let key else { throw .truncated }
        let nonce = try SealedFile.nonce(chunk: chunk, isLast: asLast)
        let body = pending.dropLast(SealedFile.tagSize)
        let tag = pending.suffix(SealedFile.tagSize)
        guard let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: body, tag: tag),
            let bytes = try? AES.GCM.open(box, using: key)
        else { throw .notAuthentic }
        return Array(bytes)
    }
}
