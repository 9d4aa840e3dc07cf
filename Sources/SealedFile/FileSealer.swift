import Crypto

/// Seals one stream of a file, chunk by chunk.
package struct FileSealer: Sendable {
    /// The bytes that go first.
    package let header: [UInt8]
    private let key: SymmetricKey
    private var chunk: UInt64
    private var isDone = false

    /// A stream under a fresh salt.
    package init(_ parameters: SealedFile.Parameters) {
        let salt = SymmetricKey(size: SymmetricKeySize(bitCount: SealedFile.saltSize * 8))
        self.init(parameters, salt: salt.withUnsafeBytes { Array($0) })
    }

    /// A stream under a known salt: for vectors. One salt twice would betray the file.
    init(_ parameters: SealedFile.Parameters, salt: [UInt8]) {
        header = salt
        key = parameters.streamKey(salt: salt)
        chunk = parameters.firstChunk
    }

    /// Seals the next chunk: full, unless it is the last.
    ///
    /// - Throws: `SealedFileError.misuse`.
    package mutating func seal(_ bytes: [UInt8], isLast: Bool) throws(SealedFileError) -> [UInt8] {
        let fits =
            isLast ? bytes.count <= SealedFile.chunkSize : bytes.count == SealedFile.chunkSize
        guard fits, !isDone else { throw .misuse }
        let nonce = try SealedFile.nonce(chunk: chunk, isLast: isLast)
        guard let box = try? AES.GCM.seal(bytes, using: key, nonce: nonce) else { throw .misuse }
        chunk += 1
        isDone = isLast
        var sealed: [UInt8] = []
        sealed.reserveCapacity(bytes.count + SealedFile.tagSize)
        sealed.append(contentsOf: box.ciphertext)
        sealed.append(contentsOf: box.tag)
        return sealed
    }
}
