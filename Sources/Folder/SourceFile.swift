#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that this person sends: opened once, read by position, watched for changes.
package final class SourceFile: Sendable {
    /// The last component of the path.
    package let name: String
    /// Bytes, when it was opened.
    package let size: UInt64
    private let descriptor: Descriptor
    private let modified: Int64

    /// Opens a regular file for reading. Links are followed, since the path is the person's own;
    /// folders, pipes and devices are refused, without waiting for anybody at a pipe's other end.
    package init(path: String) throws(FolderError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .noSuchFile }
        let call = FolderCall.onSource("opening the file")
        // Looked at first: to open a device can already do something.
        var before = stat()
        try system(call) { stat(path, &before) }
        guard before.isRegular else { throw .notARegularFile }
        descriptor = Descriptor(
            try system(call) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) })
        let status = try descriptor.status(call)
        guard status.isRegular else { throw .notARegularFile }
        size = UInt64(clamping: status.st_size)
        modified = status.modified
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let last = slash.map { path.utf8[path.utf8.index(after: $0)...] } ?? path.utf8[...]
        name = String(decoding: last, as: UTF8.self)
    }

    /// Reads up to `count` bytes at `offset`; empty at the end.
    package func read(at offset: UInt64, count: Int) throws(FolderError) -> [UInt8] {
        try descriptor.read(at: offset, count: count, .onSource("reading the file"))
    }

    /// False when size or modification time differ from when it was opened.
    package var isUnchanged: Bool {
        guard let now = try? descriptor.status(.onSource("looking at the file")) else {
            return false
        }
        return UInt64(clamping: now.st_size) == size && now.modified == modified
    }
}
