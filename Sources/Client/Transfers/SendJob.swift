import Crypto
import Folder
import SealedFile
import Wire

/// Sends one stream of one file, a chunk at a time.
struct SendJob: Sendable {
    private enum Failure: Error {
        case changed
    }

    let order: SendOrder
    let connector: any Connector
    let access: AccessKey
    let clock: ClientClock
    let progressed: @Sendable (_ bytes: UInt64) async -> Void

    private var size: UInt64 { order.offer.size }

    func run() async -> SendOutcome {
        guard order.source.isUnchanged else { return .changed }
        do {
            let before = try hashOfWhatIsThere()
            let digest = try await connector.withTransfer(token: order.token, access: access) {
                link in
                try await clock.watching(stall: ReceiveJob.stallTimeout) { pulse in
                    try await send(over: link, hashed: before, pulse)
                }
            }
            return .delivered(sha256: digest)
        } catch let error as FolderError {
            return .unreadable(error.sentence)
        } catch is Failure {
            return .changed
        } catch {
            return .broken
        }
    }

    /// The hash of what the receiver has already; nothing when an earlier stream told the whole.
    private func hashOfWhatIsThere() throws -> SHA256 {
        var hash = SHA256()
        guard order.digest == nil else { return hash }
        for chunk in 0..<order.firstChunk {
            try Task.checkCancellation()
            hash.update(data: try read(chunk: chunk))
        }
        return hash
    }

    private func send(
        over link: any ByteLink, hashed: SHA256, _ pulse: Pulse
    ) async throws -> [UInt8] {
        var hash = hashed
        var sealer = FileSealer(
            SealedFile.Parameters(
                key: order.offer.key, fileID: order.offer.file.bytes,
                firstChunk: order.firstChunk))
        try await link.send(sealer.header)
        let count = SealedFile.chunkCount(ofSize: size)
        var reported = clock.now()
        for chunk in order.firstChunk..<count {
            let bytes = try read(chunk: chunk)
            if order.digest == nil { hash.update(data: bytes) }
            try await link.send(try sealer.seal(bytes, isLast: chunk == count - 1))
            pulse.beat()
            let now = clock.now()
            guard now - reported >= ReceiveJob.reportInterval else { continue }
            reported = now
            await progressed(min((chunk + 1) * UInt64(SealedFile.chunkSize), size))
        }
        guard order.source.isUnchanged else { throw Failure.changed }
        guard try await link.receive() == [ReceiveJob.acknowledgement] else {
            throw ConnectionError.lost
        }
        return order.digest ?? Array(hash.finalize())
    }

    /// A chunk of the file; one that is shorter than it was when offered has changed.
    private func read(chunk: UInt64) throws -> [UInt8] {
        let offset = chunk * UInt64(SealedFile.chunkSize)
        let count = Int(min(size - offset, UInt64(SealedFile.chunkSize)))
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try order.source.read(
                at: offset + UInt64(bytes.count), count: count - bytes.count)
            guard !piece.isEmpty else { throw Failure.changed }
            bytes = bytes.isEmpty ? piece : bytes + piece
        }
        return bytes
    }
}
