package import Crypto

/// How a file's bytes are sealed on their way (the STREAM construction, as age uses it).
///
/// A stream is a random salt and then chunks, each AES-256-GCM over up to 64 KiB of the file. The
/// stream's key comes from the file's key, the salt, the file's id and the chunk that the stream
/// begins with, so that two streams never share a key and none can be taken for another. A chunk's
/// nonce is its number in the file and whether it is the last: chunks can be neither left out,
/// moved, added nor cut off unnoticed.
package enum SealedFile {
    /// Bytes of the file in every chunk but the last: large enough that tags and calls cost
    /// nothing, small enough that a broken transfer loses little.
    package static let chunkSize = 64 << 10

    /// Bytes at the head of a stream: 256 random bits never repeat.
    package static let saltSize = 32

    /// Bytes that sealing adds to a chunk.
    package static let tagSize = 16

    /// Bytes of a file's id.
    package static let idSize = 16

    /// How many chunks a file of `size` bytes has; an empty file has one, which is empty.
    package static func chunkCount(ofSize size: UInt64) -> UInt64 {
        let chunk = UInt64(chunkSize)
        return max(1, size / chunk + (size % chunk == 0 ? 0 : 1))
    }

    /// Where a stream that goes on after `size` bytes begins: the first chunk that is not whole, or
    /// the last one when all are there, so that every stream ends with a last chunk.
    package static func firstMissingChunk(having size: UInt64, of total: UInt64) -> UInt64 {
        min(size / UInt64(chunkSize), chunkCount(ofSize: total) - 1)
    }

    /// Key, id and first chunk: what both ends of one stream agree on beforehand.
    package struct Parameters: Sendable {
        package let key: SymmetricKey
        package let fileID: [UInt8]
        package let firstChunk: UInt64

        /// - Parameters:
        ///   - key: the file's key, 256 bits.
        ///   - fileID: 16 bytes.
        ///   - firstChunk: the number of the chunk that the stream begins with.
        /// - Precondition: the sizes are these.
        package init(key: SymmetricKey, fileID: [UInt8], firstChunk: UInt64 = 0) {
            precondition(key.bitCount == 256 && fileID.count == SealedFile.idSize)
            self.key = key
            self.fileID = fileID
            self.firstChunk = firstChunk
        }

        func streamKey(salt: [UInt8]) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key, salt: salt,
                info: Array("chatbox/1 file".utf8) + fileID + firstChunk.bigEndianBytes,
                outputByteCount: 32)
        }
    }

    /// Eleven bytes of counter and one that says whether this is the last chunk.
    static func nonce(chunk: UInt64, isLast: Bool) throws(SealedFileError) -> AES.GCM.Nonce {
        let bytes: [UInt8] = [0, 0, 0] + chunk.bigEndianBytes + [isLast ? 1 : 0]
        do { return try AES.GCM.Nonce(data: bytes) } catch { throw .notAuthentic }
    }
}

/// Why a stream was not accepted.
package enum SealedFileError: Error, Equatable, Sendable {
    /// A chunk is not what was sealed with this key, for this file, at this place.
    case notAuthentic
    /// The stream ended before its last chunk: it was cut off.
    case truncated
    /// The stream goes on after its last chunk.
    case extended
    /// The sender's file ended before the size that was announced.
    case shorterThanDeclared
    /// The sender's file goes on after the size that was announced.
    case longerThanDeclared
    /// A chunk was given that is too large, not full though others follow, or follows the last.
    case misuse
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) }
    }
}
