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
            let before = try hashWhatIsThere()
            let digest = try await connector.withTransfer(token: order.secret.token, access: access)
            {
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

    /// Hashes what the receiver has already, unless an earlier stream did.
    private func hashWhatIsThere() throws -> HashedPrefix.Progress {
        var hashed = order.hashed.progress
        defer { order.hashed.note(hashed) }
        while hashed.chunks < order.firstChunk {
            try Task.checkCancellation()
            hashed.take(try read(chunk: hashed.chunks), number: hashed.chunks)
            if hashed.chunks % HashedPrefix.interval == 0 { order.hashed.note(hashed) }
        }
        return hashed
    }

    private func send(
        over link: any ByteLink, hashed before: HashedPrefix.Progress, _ pulse: Pulse
    ) async throws -> [UInt8] {
        var hashed = before
        defer { order.hashed.note(hashed) }
        var sealer = FileSealer(
            SealedFile.Parameters(
                key: order.secret.key, fileID: order.offer.file.bytes,
                firstChunk: order.firstChunk))
        try await link.send(sealer.header)
        let count = SealedFile.chunkCount(ofSize: size)
        var reported = clock.now()
        for chunk in order.firstChunk..<count {
            let bytes = try read(chunk: chunk)
            hashed.take(bytes, number: chunk)
            try await link.send(try sealer.seal(bytes, isLast: chunk == count - 1))
            let now = clock.now()
            pulse.beat(now)
            guard now - reported >= ReceiveJob.reportInterval else { continue }
            reported = now
            guard order.source.isUnchanged else { throw Failure.changed }
            await progressed(min((chunk + 1) * UInt64(SealedFile.chunkSize), size))
        }
        guard order.source.isUnchanged else { throw Failure.changed }
        guard try await link.receive() == [ReceiveJob.acknowledgement] else {
            throw ConnectionError.lost
        }
        return hashed.digest
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
