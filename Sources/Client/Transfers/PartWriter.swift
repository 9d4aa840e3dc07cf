import Crypto
import Folder
import SealedFile
import Wire

/// Receives one stream into a part, hashing the whole file as it comes.
actor PartWriter {
    /// What is read at once of a part that is there already.
    private static let readSize = 256 << 10

    private let part: PartFile
    private let order: ReceiveOrder
    private var opener: FileOpener
    private var hash = SHA256()
    let firstChunk: UInt64

    /// Opens the part, goes back to the last whole chunk, and hashes what is there.
    ///
    /// - Throws: `FolderError`, or `CancellationError`.
    init(_ order: ReceiveOrder) async throws {
        self.order = order
        part = try order.folder.openPart(id: order.partID, name: order.safeName)
        firstChunk = SealedFile.firstMissingChunk(having: part.size, of: order.offer.size)
        opener = FileOpener(
            SealedFile.Parameters(
                key: order.secret.key, fileID: order.offer.file.bytes, firstChunk: firstChunk),
            size: order.offer.size)
        try hashPart()
    }

    private func hashPart() throws {
        let start = firstChunk * UInt64(SealedFile.chunkSize)
        try part.truncate(to: start)
        var offset: UInt64 = 0
        while offset < start {
            try Task.checkCancellation()
            let count = min(start - offset, UInt64(Self.readSize))
            let bytes = try part.read(at: offset, count: Int(count))
            guard !bytes.isEmpty else { throw FolderError.gone }
            hash.update(data: bytes)
            offset += UInt64(bytes.count)
        }
    }

    /// Bytes of the file that are in the part.
    var bytes: UInt64 { part.size }
    var isComplete: Bool { opener.isComplete }

    /// Takes the next bytes of the stream.
    ///
    /// - Throws: `SealedFileError`, or `FolderError` with what came before in the part.
    func take(_ bytes: [UInt8]) throws {
        let opened = try opener.open(bytes)
        try part.append(opened)
        hash.update(data: opened)
    }

    /// Throws when the folder or the part is no longer where it was: nobody would find the file.
    func checkPlace() throws { try part.checkPlace() }

    /// The stream ended.
    func endOfStream() throws { try opener.finish() }

    /// SHA-256 of the whole file.
    var digest: [UInt8] { Array(hash.finalize()) }

    /// Gives the file its name and returns it.
    func finish() throws -> String { try part.finish() }

    func discard() { part.discard() }
    func keep() { part.keep() }
}
