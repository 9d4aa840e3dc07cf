#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that is still on its way. One task uses it at a time.
package final class PartFile {
    /// Bytes that are in it now.
    package private(set) var size: UInt64
    /// A new file's mode, less what the person's umask takes away: written by its owner, executable
    /// by nobody. It is never changed afterwards, so that a sandbox can refuse all changes of modes.
    static let mode: mode_t = 0o644
    private let descriptor: Descriptor
    private let folder: DestinationFolder
    private let partName: String
    private let name: SafeFileName

    /// Takes the part over, and keeps other processes from it while it is open.
    init(
        _ descriptor: Descriptor, in folder: DestinationFolder, partName: String,
        name: SafeFileName
    ) throws(FolderError) {
        self.descriptor = descriptor
        self.folder = folder
        self.partName = partName
        self.name = name
        if flock(descriptor.number, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            throw .inUse
        }
        size = UInt64(clamping: try descriptor.status(.onFolder("looking at the part")).st_size)
    }

    /// Cuts it to `size` bytes: back to a chunk's boundary.
    package func truncate(to size: UInt64) throws(FolderError) {
        guard size < self.size else { return }
        try system(.onFolder("cutting the part")) { ftruncate(descriptor.number, off_t(size)) }
        self.size = size
    }

    /// Appends. When this throws, `size` tells how much came to be in the file.
    package func append(_ bytes: [UInt8]) throws(FolderError) {
        var failure: FolderError?
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                do throws(FolderError) {
                    let written = try system(.onFolder("writing")) {
                        pwrite(
                            descriptor.number, buffer.baseAddress.map { $0 + done },
                            buffer.count - done, off_t(clamping: size))
                    }
                    done += written
                    size += UInt64(written)
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
    }

    /// Reads up to `count` bytes at `offset`; empty at the end.
    package func read(at offset: UInt64, count: Int) throws(FolderError) -> [UInt8] {
        try descriptor.read(at: offset, count: count, .onFolder("reading the part"))
    }

    /// Throws when the folder is no longer where it was, or the part was deleted.
    package func checkPlace() throws(FolderError) {
        try folder.checkPlace()
        let status = try descriptor.status(.onFolder("looking at the part"))
        guard status.st_nlink > 0 else { throw .partDeleted }
    }

    /// Gives the file its name, or the first free variation of it (`name (2).ext`), never over an
    /// existing file, after its bytes reached the disk. Returns the name it got.
    package func finish() throws(FolderError) -> String {
        let call = FolderCall.onFolder("naming the file")
        try checkPlace()
        try system(call) { fsync(descriptor.number) }
        for candidate in name.variations() {
            let error = renameExclusively(
                in: folder.descriptor.number, from: partName, to: candidate)
            if error == EEXIST { continue }
            guard error == 0 else { throw FolderError(error, call) }
            // The name, too, reaches the disk; not every file system can be asked to.
            _ = fsync(folder.descriptor.number)
            return candidate
        }
        throw .system(EEXIST, "naming the file")
    }

    /// Deletes the part.
    package func discard() {
        _ = unlinkat(folder.descriptor.number, partName, 0)
    }

    /// Closes it and keeps it for later.
    package func keep() {
        _ = fsync(descriptor.number)
    }
}

#if canImport(Glibc)
    // The header shows it only to programs that ask for GNU extensions. glibc has it since 2.28.
    @_silgen_name("renameat2")
    private func renameat2(
        _ oldFolder: Int32, _ old: UnsafePointer<CChar>, _ newFolder: Int32,
        _ new: UnsafePointer<CChar>, _ flags: UInt32
    ) -> Int32
    private let renameNoReplace: UInt32 = 1
#endif

/// Renames within a folder, never over what is there. Returns 0 or the error number.
private func renameExclusively(in folder: Int32, from old: String, to new: String) -> Int32 {
    #if canImport(Glibc)
        let result = renameat2(folder, old, folder, new, renameNoReplace)
        if result == 0 { return 0 }
        // Only file systems that cannot do it go on to the other way.
        if ![EINVAL, ENOSYS, ENOTSUP].contains(errno) { return errno }
    #elseif canImport(Darwin)
        let result = renameatx_np(folder, old, folder, new, UInt32(RENAME_EXCL))
        if result == 0 { return 0 }
        if errno != ENOTSUP { return errno }
    #endif
    guard linkat(folder, old, folder, new, 0) == 0 else { return errno }
    _ = unlinkat(folder, old, 0)
    return 0
}
