/// The one folder in which files are created, held by descriptor: what happens to its path later
/// does not matter.
///
/// SKETCH of the interface that the client builds on; the bodies are to be written.
package final class DestinationFolder: Sendable {
    /// The path as the person gave it, for showing.
    package let path: String

    /// Opens the folder, creating it (and missing parents) when it is not there.
    package init(path: String) throws(FolderError) { fatalError("sketch") }

    /// Bytes that can still be written.
    package func freeSpace() throws(FolderError) -> UInt64 { fatalError("sketch") }

    /// Opens the part of a transfer that was begun earlier, or makes a new empty one.
    ///
    /// - Parameters:
    ///   - id: the offer's file id, 16 bytes, in hexadecimal inside the part's name, so that the part is found
    ///     again after a restart.
    ///   - name: the file's name, made safe.
    package func openPart(id: [UInt8], name: SafeFileName) throws(FolderError) -> PartFile {
        fatalError("sketch")
    }

    /// True when a part of this id is in the folder.
    package func hasPart(id: [UInt8], name: SafeFileName) -> Bool { fatalError("sketch") }
}

/// A file that is still on its way. One task uses it at a time.
package final class PartFile {
    /// Bytes that are in it now.
    package var size: UInt64 { fatalError("sketch") }
    /// Cuts it to `size` bytes: back to a chunk's boundary.
    package func truncate(to size: UInt64) throws(FolderError) { fatalError("sketch") }
    /// Appends.
    package func append(_ bytes: [UInt8]) throws(FolderError) { fatalError("sketch") }
    /// Reads up to `count` bytes at `offset`; empty at the end.
    package func read(at offset: UInt64, count: Int) throws(FolderError) -> [UInt8] {
        fatalError("sketch")
    }
    /// Gives the file its name, or the first free variation of it (`name (2).ext`), never over an
    /// existing file, after its bytes reached the disk. Returns the name it got.
    package func finish() throws(FolderError) -> String { fatalError("sketch") }
    /// Deletes the part.
    package func discard() { fatalError("sketch") }
    /// Closes it and keeps it for later.
    package func keep() { fatalError("sketch") }
    init() {}
}

/// What went wrong with the folder or a file in it.
package enum FolderError: Error, Equatable, Sendable {
    case noSpace
    case notWritable
    case notAFolder
    case gone
    case tooLarge
    /// The system's error number and what was tried.
    case system(Int32, String)

    /// One sentence that says what happened and what to do.
    package var sentence: String { "sketch" }
}
