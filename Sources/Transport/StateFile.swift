#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small secret file in a folder of our own: written once, whole or not at all, for its owner
/// alone.
struct StateFile {
    let folder: String
    let name: String

    /// Bytes that a state file may have; ours have a few hundred.
    private static let maximumSize = 1 << 20

    var path: String { folder + "/" + name }

    /// What the file holds, or nil when there is none.
    func read() throws(StateFileError) -> [UInt8]? {
        // Without O_NONBLOCK a pipe under this name would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .read(path)
        }
        defer { close(descriptor) }
        try checkIsSecret(descriptor)
        var contents = [UInt8](repeating: 0, count: Self.maximumSize)
        var count = 0
        while count < contents.count {
            let read = contents.withUnsafeMutableBytes { bytes in
                Self.read(descriptor, into: bytes, from: count)
            }
            if read == 0 { break }
            guard read > 0 else { throw .read(path) }
            count += read
        }
        return Array(contents.prefix(count))
    }

    /// Everybody who can read the key can be this server, and everybody who can write it can change
    /// it. A file of root's may be readable for a group: a server that is not root reads it by that.
    private func checkIsSecret(_ descriptor: Int32) throws(StateFileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .read(path)
        }
        let isOurs = status.st_uid == geteuid()
        let forbidden: mode_t = isOurs ? 0o077 : 0o027
        guard isOurs || status.st_uid == 0, status.st_mode & forbidden == 0 else {
            throw .open(path)
        }
    }

    /// Writes the file under a temporary name and links it to its own, so that of two that start at
    /// once one wins.
    ///
    /// - Returns: what the file holds now: `contents`, or the winner's.
    func create(_ contents: [UInt8]) throws(StateFileError) -> [UInt8] {
        try makeFolder()
        let temporary = path + ".\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .write(folder) }
        defer { unlink(temporary) }
        let written = contents.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let kept = fsync(descriptor)
        close(descriptor)
        guard written == contents.count, kept == 0 else { throw .write(folder) }
        guard link(temporary, path) == 0 else {
            guard errno == EEXIST, let winner = try read() else { throw .write(folder) }
            return winner
        }
        return contents
    }

    /// Makes the folder, and those above it, for its owner alone.
    private func makeFolder() throws(StateFileError) {
        var partial = folder.utf8.first == UInt8(ascii: "/") ? "" : "."
        for component in folder.split(separator: "/") {
            partial += "/" + component
            if mkdir(partial, 0o700) != 0 && errno != EEXIST { throw .makeFolder(folder) }
        }
    }

    private static func read(
        _ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer, from offset: Int
    ) -> Int {
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
        #if canImport(Glibc)
            return Glibc.read(descriptor, rest.baseAddress, rest.count)
        #elseif canImport(Musl)
            return Musl.read(descriptor, rest.baseAddress, rest.count)
        #else
            return Darwin.read(descriptor, rest.baseAddress, rest.count)
        #endif
    }
}

/// What went wrong with a state file; the value is its path or its folder's.
enum StateFileError: Error {
    case read(String)
    case open(String)
    case write(String)
    case makeFolder(String)

    var sentence: String {
        switch self {
        case .read(let path): "\(path) cannot be read; check its owner and mode"
        case .open(let path):
            "\(path) is open to others, who may have the server's key; see who had it, then chmod 600"
        case .write(let folder): "nothing can be written in \(folder); choose another state folder"
        case .makeFolder(let folder):
            "the folder \(folder) cannot be made; choose another state folder"
        }
    }
}
