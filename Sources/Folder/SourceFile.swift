/// A file that this person sends: opened once, read by position, watched for changes.
///
/// SKETCH of the interface that the client builds on; the bodies are to be written.
package final class SourceFile: Sendable {
    /// The last component of the path.
    package let name: String
    /// Bytes, when it was opened.
    package let size: UInt64

    /// Opens a regular file for reading.
    package init(path: String) throws(FolderError) { fatalError("sketch") }

    /// Reads up to `count` bytes at `offset`; empty at the end.
    package func read(at offset: UInt64, count: Int) throws(FolderError) -> [UInt8] {
        fatalError("sketch")
    }

    /// False when size or modification time differ from when it was opened.
    package var isUnchanged: Bool { fatalError("sketch") }
}
