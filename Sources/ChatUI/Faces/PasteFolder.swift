package import Folder

/// Where a paste that is too long for a message becomes a file to send: among the received files,
/// the one place that this program may write to.
package struct PasteFolder: Sendable {
    package struct Failure: Error {
        var sentence: String
    }

    private let folder: DestinationFolder

    package init(_ folder: DestinationFolder) { self.folder = folder }

    /// Writes a new file and gives its path.
    func save(_ text: String) -> Result<String, Failure> {
        do throws(FolderError) {
            let id = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
            let name = SafeFileName(untrusted: Array("pasted.txt".utf8))
            let part = try folder.openPart(id: id, name: name)
            try part.append(Array(text.utf8))
            return .success("\(folder.path)/\(try part.finish())")
        } catch {
            return .failure(Failure(sentence: error.sentence))
        }
    }
}
