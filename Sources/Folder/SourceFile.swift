import CSandbox

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
    package convenience init(path: String) throws(FolderError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .noSuchFile }
        let call = FolderCall.onSource("opening the file")
        // Looked at first: to open a device can already do something.
        var before = stat()
        try system(call) { stat(path, &before) }
        try before.checkIsSource()
        let number = try system(call) { open(path, sourceFlags) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let last = slash.map { path.utf8[path.utf8.index(after: $0)...] } ?? path.utf8[...]
        try self.init(Descriptor(number), name: String(decoding: last, as: UTF8.self))
    }

    /// Opens a regular file beneath a folder. No link is followed, not even one that stays in it.
    convenience init(beneath folder: Descriptor, components: [[UInt8]]) throws(FolderError) {
        let number = try Self.descend(from: folder, components: components)
        let name = String(decoding: components.last ?? [], as: UTF8.self)
        try self.init(Descriptor(number), name: name)
    }

    private init(_ descriptor: Descriptor, name: String) throws(FolderError) {
        let status = try descriptor.status(.onSource("opening the file"))
        try status.checkIsSource()
        size = UInt64(clamping: status.st_size)
        modified = status.modified
        self.descriptor = descriptor
        self.name = name
    }

    private static func descend(
        from folder: Descriptor, components: [[UInt8]]
    ) throws(FolderError) -> Int32 {
        #if os(Linux)
            let path = String(decoding: Array(components.joined(separator: [0x2F])), as: UTF8.self)
            // Looked at first: to open a device can already do something.
            let look = Int32(csandbox_look) | O_CLOEXEC
            let looking = csandbox_open_beneath(folder.number, path, look)
            // Refused by a filter around the program that does not know the call.
            let cannot = looking == -ENOSYS || looking == -EPERM
            if !cannot {
                let call = FolderCall.onSource("opening the file")
                guard looking >= 0 else { throw FolderError(-looking, call) }
                try Descriptor(looking).status(call).checkIsSource()
                let number = csandbox_open_beneath(folder.number, path, sourceFlags)
                guard number >= 0 else { throw FolderError(-number, call) }
                return number
            }
        #endif
        return try walk(from: folder, components)
    }

    /// The same a component at a time, where the kernel cannot do it at once.
    static func walk(
        from folder: Descriptor, _ components: [[UInt8]]
    ) throws(FolderError) -> Int32 {
        let call = FolderCall.onSource("opening the file")
        var folder = folder
        for (index, component) in components.enumerated() {
            let name = String(decoding: component, as: UTF8.self)
            guard name != "..", name != ".", !name.utf8.contains(0x2F) else { throw .noSuchFile }
            let isLast = index == components.count - 1
            var status = stat()
            let parent = folder.number
            try system(call) { fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) }
            guard status.st_mode & S_IFMT != S_IFLNK else { throw .link }
            if isLast { try status.checkIsSource() }
            let kind = isLast ? sourceFlags : O_RDONLY | O_DIRECTORY | O_CLOEXEC
            let number = try system(call) { openat(parent, name, kind | O_NOFOLLOW) }
            if isLast { return number }
            folder = Descriptor(number)
        }
        throw .noSuchFile
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

private let sourceFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
