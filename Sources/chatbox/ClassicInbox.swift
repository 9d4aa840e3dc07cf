import ChatUI
import Classic
import Folder
import Terminal

/// Files that others send by the original protocol: pieces in, files in the one folder out.
struct ClassicInbox {
    let folder: DestinationFolder
    private var files: [Source: PartFile] = [:]

    /// What tells files apart; two who call themselves alike and send the same name are one.
    private struct Source: Hashable {
        let sender: [UInt8]
        let fileName: [UInt8]
        let size: UInt64
    }

    init(folder: DestinationFolder) { self.folder = folder }

    /// Takes a piece; says what happened when that is worth saying.
    mutating func take(_ piece: ClassicPiece) -> SafeText? {
        let source = Source(sender: piece.sender, fileName: piece.fileName, size: piece.size)
        let name = SafeFileName(untrusted: piece.fileName)
        let shown: SafeText =
            "\(SafeText(untrusted: name.text)) from \(SafeText(name: String(decoding: piece.sender, as: UTF8.self)))"
        do throws(FolderError) {
            if piece.start == 0, let refusal = try begin(piece, source, name) {
                return "-- \(shown) is passed over: \(refusal)"
            }
            // Who came too late for the beginning passes over the rest.
            guard let part = files[source] else { return nil }
            guard part.size == piece.start else {
                discard(source)
                return "-- \(shown) is passed over: a piece is missing"
            }
            try part.append(piece.bytes)
            guard part.size == piece.size else { return nil }
            let given = try part.finish()
            files[source] = nil
            return "-- \(shown) is here: \(SafeText(untrusted: "\(folder.path)/\(given)"))"
        } catch {
            discard(source)
            return "-- \(shown) is lost: \(SafeText(untrusted: error.sentence))"
        }
    }

    /// Begins a file, or says why not.
    private mutating func begin(
        _ piece: ClassicPiece, _ source: Source, _ name: SafeFileName
    ) throws(FolderError) -> SafeText? {
        discard(source)
        guard files.count < ClassicLimits.maximumFiles else { return "too many files at once" }
        guard piece.size <= (try folder.freeSpace()) else { return "the disk has no room for it" }
        let id = (0..<16).map { _ in UInt8.random(in: 0...255) }
        files[source] = try folder.openPart(id: id, name: name)
        return nil
    }

    private mutating func discard(_ source: Source) {
        files.removeValue(forKey: source)?.discard()
    }

    /// What is not whole when the conversation ends can never be.
    mutating func discardAll() {
        for part in files.values { part.discard() }
        files = [:]
    }
}
