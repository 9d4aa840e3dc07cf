import Folder
import SealedFile
import Wire

/// Receives one stream of one file.
struct ReceiveJob: Sendable {
    /// What a job tells while it runs.
    struct Reports: Sendable {
        /// The part is looked at; the sender can be told to begin.
        var began: @Sendable (_ firstChunk: UInt64, _ bytes: UInt64) async -> Void
        var progressed: @Sendable (_ bytes: UInt64) async -> Void
        /// True when the job was stopped and its part is of no more use.
        var isUnwanted: @Sendable () async -> Bool
    }

    /// How long the sender's word on the whole file may take after its last byte.
    static let digestTimeout: Duration = .seconds(60)
    /// A stream on which nothing moves for so long is broken, whatever TCP thinks of it.
    static let stallTimeout: Duration = .seconds(60)
    /// A part of a second between two reports: four of them are lively enough.
    static let reportInterval: Duration = .milliseconds(250)
    /// Says over the connection that all has come.
    static let acknowledgement: UInt8 = 1

    /// The job before this one, which was stopped a moment ago, gets so long to close its part.
    private static let partTimeout: Duration = .seconds(5)
    private static let partPause: Duration = .milliseconds(100)

    let order: ReceiveOrder
    let connector: any Connector
    let access: AccessKey
    let clock: ClientClock
    let digests: AsyncStream<[UInt8]>
    let reports: Reports

    func run() async -> ReceiveOutcome {
        let writer: PartWriter
        do { writer = try await openPart() } catch { return Self.outcome(of: error) }
        return await run(writer)
    }

    private func openPart() async throws -> PartWriter {
        let end = clock.now() + Self.partTimeout
        while true {
            do {
                return try await PartWriter(order)
            } catch FolderError.inUse where clock.now() < end {
                try await clock.sleep(clock.now() + Self.partPause)
            }
        }
    }

    private func run(_ writer: PartWriter) async -> ReceiveOutcome {
        do {
            await reports.began(writer.firstChunk, writer.bytes)
            try await connector.withTransfer(token: order.secret.token, access: access) { link in
                try await clock.watching(stall: Self.stallTimeout) { pulse in
                    try await receive(from: link, into: writer, pulse)
                }
            }
            let promised = try await promisedDigest()
            let digest = await writer.digest
            guard digest == promised else {
                await writer.discard()
                return .damaged(Sentences.wrongDigest)
            }
            return .completed(fileName: try await writer.finish(), sha256: digest)
        } catch {
            let outcome = Self.outcome(of: error)
            // A break after some bytes is not like one before any: the next try is a first one.
            let start = writer.firstChunk * UInt64(SealedFile.chunkSize)
            if await writer.bytes > start { await reports.progressed(writer.bytes) }
            var isWorthless = await reports.isUnwanted()
            if case .damaged = outcome { isWorthless = true }
            if isWorthless { await writer.discard() } else { await writer.keep() }
            return outcome
        }
    }

    private func receive(
        from link: any ByteLink, into writer: PartWriter, _ pulse: Pulse
    ) async throws {
        var reported = clock.now()
        while await !writer.isComplete {
            guard let bytes = try await link.receive() else { break }
            try await writer.take(bytes)
            let now = clock.now()
            pulse.beat(now)
            guard now - reported >= Self.reportInterval else { continue }
            reported = now
            try await writer.checkPlace()
            await reports.progressed(writer.bytes)
        }
        try await writer.endOfStream()
        try await link.send([Self.acknowledgement])
        // The sender closes once it has read that; to close first might lose it.
        _ = try? await clock.within(.seconds(10)) { try await link.receive() }
    }

    private func promisedDigest() async throws -> [UInt8] {
        let digests = digests
        let digest = try await clock.within(Self.digestTimeout) {
            for await digest in digests { return digest as [UInt8]? }
            return nil
        }
        guard let digest else { throw ConnectionError.lost }
        return digest
    }

    static func outcome(of error: any Error) -> ReceiveOutcome {
        switch error {
        case let error as FolderError: .failed(error.sentence)
        case SealedFileError.truncated: .broken
        case SealedFileError.shorterThanDeclared, SealedFileError.longerThanDeclared:
            .damaged(Sentences.wrongSize)
        case is SealedFileError: .failed(Sentences.notAuthentic)
        default: .broken
        }
    }
}
