#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What went wrong with the folder, or with a file in it or to be sent.
package enum FolderError: Error, Equatable, Sendable {
    /// The disk or the quota is full.
    case noSpace
    /// No permission, or a file system that is mounted read-only.
    case notWritable
    /// The path leads to something that is not a folder.
    case notAFolder
    /// The folder was deleted or its disk is no longer there.
    case gone
    /// The folder was moved, and its path leads to nothing or to something else.
    case replaced
    /// The file would become larger than the file system or a limit of the system allows.
    case tooLarge
    /// Something that is not a part of ours has the name of a part.
    case occupied(String)
    /// Another chatbox is receiving into the same part.
    case inUse
    /// Somebody deleted the part while it was written.
    case partDeleted
    /// There is no file of this name to be sent.
    case noSuchFile
    /// The file to be sent may not be read.
    case notReadable
    /// The file to be sent is a folder.
    case isAFolder
    /// The file to be sent is a pipe or a device.
    case notARegularFile
    /// A link is on the way to the file to be sent.
    case link
    /// The file to be sent is in no folder that is shared; its own folder.
    case notShared(String)
    /// The system's error number and what was tried.
    case system(Int32, String)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .noSpace: "the disk is full; make room, then accept the file again"
        case .notWritable: "the folder cannot be written to; choose another with --folder"
        case .notAFolder: "this is not a folder; choose another with --folder"
        case .gone: "the folder is no longer there; start again with another --folder"
        case .replaced:
            "the folder was moved or replaced while chatbox ran; put it back, or start again"
        case .tooLarge:
            "the file is larger than files may be there; choose a folder on another disk"
        case .occupied(let name):
            "something else has the name \(name) in the folder; move it away, then accept again"
        case .inUse: "another chatbox is receiving this file into the same folder; let it finish"
        case .partDeleted: "the file's part was deleted while it came; accept it again"
        case .noSuchFile: "there is no such file; check the path"
        case .notReadable: "the file may not be read; change its permissions first"
        case .isAFolder: "this is a folder; pack it into an archive first, and send that"
        case .notARegularFile:
            "this is a pipe or a device, and only plain files can be sent; write it to a file first"
        case .link:
            "a link is on the way to this file, and links are not followed; name the file itself"
        case .notShared(let folder):
            "files are sent from shared folders only; start with --share '\(folder)' to send from there"
        case .system(let code, let tried):
            "\(tried) failed: \(String(cString: strerror(code))) (error \(code)); try again"
        }
    }
}

/// What the system was asked to do, which decides what an error number means.
enum FolderCall {
    case onFolder(String)
    case onSource(String)
}

extension FolderError {
    /// Gives an error number of the system its meaning.
    init(_ code: Int32, _ call: FolderCall) {
        switch (code, call) {
        case (ENOSPC, _), (EDQUOT, _): self = .noSpace
        case (EFBIG, _): self = .tooLarge
        case (ENOENT, .onFolder), (ESTALE, .onFolder), (ENODEV, .onFolder), (ENXIO, .onFolder):
            self = .gone
        case (EROFS, .onFolder), (EACCES, .onFolder), (EPERM, .onFolder): self = .notWritable
        case (ENOTDIR, .onFolder): self = .notAFolder
        case (ENOENT, .onSource), (ENOTDIR, .onSource), (ENAMETOOLONG, .onSource):
            self = .noSuchFile
        case (EACCES, .onSource), (EPERM, .onSource): self = .notReadable
        case (ELOOP, .onSource): self = .link
        case (EISDIR, .onSource): self = .isAFolder
        case (ENXIO, .onSource): self = .notARegularFile
        case (_, .onFolder(let tried)), (_, .onSource(let tried)): self = .system(code, tried)
        }
    }
}

/// Makes a system call, again while signals interrupt it, and throws what its error number means.
@discardableResult
func system<Value: SignedInteger>(
    _ call: FolderCall, _ body: () -> Value
) throws(FolderError) -> Value {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw FolderError(code, call) }
    }
}

/// An open file descriptor, closed with its last owner.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    func status(_ call: FolderCall) throws(FolderError) -> stat {
        var status = stat()
        try system(call) { fstat(number, &status) }
        return status
    }

    /// True when this path leads to what is open here.
    func isSame(as path: String) -> Bool {
        var other = stat()
        guard stat(path, &other) == 0,
            let own = try? status(.onFolder("looking at the folder"))
        else { return false }
        return own.st_ino == other.st_ino && own.st_dev == other.st_dev
    }

    /// Reads up to `count` bytes at `offset`; empty at the end.
    func read(at offset: UInt64, count: Int, _ call: FolderCall) throws(FolderError) -> [UInt8] {
        guard count > 0, offset <= UInt64(Int64.max) else { return [] }
        var failure: FolderError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                do throws(FolderError) {
                    let start = filled
                    let read = try system(call) {
                        pread(
                            number, buffer.baseAddress.map { $0 + start }, count - start,
                            off_t(offset) + off_t(start))
                    }
                    if read == 0 { return }
                    filled += read
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }

    /// Throws for what is no file that can be sent.
    func checkIsSource() throws(FolderError) {
        if isRegular { return }
        throw st_mode & S_IFMT == S_IFDIR ? .isAFolder : .notARegularFile
    }

    /// Nanoseconds since 1970 of the last change of the contents.
    var modified: Int64 {
        #if canImport(Darwin)
            Int64(st_mtimespec.tv_sec) &* 1_000_000_000 &+ Int64(st_mtimespec.tv_nsec)
        #else
            Int64(st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(st_mtim.tv_nsec)
        #endif
    }
}
