import Crypto
import Synchronization

/// How much of an offered file is hashed, from its beginning on: kept from stream to stream, so that
/// one that goes on far behind need not read everything before it first, while its receiver waits.
final class HashedPrefix: Sendable {
    /// Chunks after which what was hashed is noted: some 16 MiB, a fraction of a second.
    static let interval: UInt64 = 256

    /// The first chunks of a file, hashed.
    struct Progress: Sendable {
        private(set) var chunks: UInt64 = 0
        private var hash = SHA256()

        /// Takes a chunk; one that was taken already changes nothing.
        ///
        /// - Precondition: `number` is at most `chunks`.
        mutating func take(_ bytes: [UInt8], number: UInt64) {
            precondition(number <= chunks)
            guard number == chunks else { return }
            hash.update(data: bytes)
            chunks += 1
        }

        var digest: [UInt8] { Array(hash.finalize()) }
    }

    private let state = Mutex(Progress())

    var progress: Progress { state.withLock { $0 } }

    /// Notes how far somebody came; what is behind is forgotten.
    func note(_ progress: Progress) {
        state.withLock { if progress.chunks > $0.chunks { $0 = progress } }
    }
}
