import Client
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The file of the people whom this person has met: text beside the identity, for its owner alone.
///
/// It is opened once, before the program gives up the right to open anything, and held. Nothing
/// that is wrong with it keeps anybody from a conversation: it is said when it is read or added to.
final class KnownPeopleFile: PeopleArchive {
    private enum Standing {
        case writable(Int32)
        /// Can be read at most; why it cannot be added to, as `errno` has it.
        case readOnly(Int32?, Int32)
        /// Is not what it should be, and neither read nor added to.
        case unfit(String)
    }

    private let path: String
    private let standing: Standing

    /// How often, and after how many microseconds again, a lock is asked for that another program
    /// has: a chatbox holds it for one write.
    private static let lockTries = 20
    private static let lockPause: UInt32 = 5_000

    init(path: String = Places.configuration + "/known_people") {
        self.path = path
        standing = Self.open(path)
    }

    deinit {
        switch standing {
        case .writable(let descriptor), .readOnly(let descriptor?, _): close(descriptor)
        case .readOnly(nil, _), .unfit: break
        }
    }

    private static func open(_ path: String) -> Standing {
        // Without O_NONBLOCK a pipe under this name would be waited for.
        let flags = O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        var descriptor = Foundation.open(path, O_RDWR | O_CREAT | flags, 0o600)
        var problem: Int32 = 0
        if descriptor < 0 {
            problem = errno
            descriptor = Foundation.open(path, O_RDONLY | flags)
        }
        guard descriptor >= 0 else {
            return errno == ENOENT ? .readOnly(nil, problem) : .unfit(unfitness(errno))
        }
        if let unfitness = unfitness(of: descriptor) {
            close(descriptor)
            return .unfit(unfitness)
        }
        return problem == 0 ? .writable(descriptor) : .readOnly(descriptor, problem)
    }

    private static func unfitness(_ error: Int32) -> String {
        switch error {
        case ELOOP: "is a link to another place"
        case EISDIR, ENXIO: "is not a file"
        default: "cannot be opened: \(String(cString: strerror(error)))"
        }
    }

    private static func unfitness(of descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return "is not a file"
        }
        if status.st_uid != geteuid() { return "is somebody else's" }
        if status.st_mode & 0o022 != 0 { return "can be changed by others" }
        return nil
    }

    // MARK: PeopleArchive

    /// What the file holds; of a long one the end, one byte more than is of use.
    func read() throws -> [UInt8] {
        let descriptor: Int32
        switch standing {
        case .writable(let open), .readOnly(let open?, _): descriptor = open
        case .readOnly(nil, _): return []
        case .unfit(let what): throw unfit(what)
        }
        let most = off_t(KnownPeople.maximumBytes) + 1
        var offset = max(0, try size(of: descriptor) - most)
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        // A file that grows meanwhile is read to where it is too long, and no further.
        while contents.count < Int(most) {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unfit("cannot be read") }
            if count == 0 { break }
            contents += buffer[..<count]
            offset += off_t(count)
        }
        return contents
    }

    /// Adds whole lines by one write, so that those of two chatboxes do not mix.
    func append(_ bytes: [UInt8]) throws {
        let descriptor: Int32
        switch standing {
        case .writable(let open): descriptor = open
        case .readOnly(_, let error): throw cannotAdd(error)
        case .unfit(let what): throw unfit(what)
        }
        try lock(descriptor)
        defer { _ = flock(descriptor, LOCK_UN) }
        let end = try size(of: descriptor)
        var last: UInt8 = 0
        let isTorn = end > 0 && pread(descriptor, &last, 1, end - 1) == 1 && last != 0x0A
        let lines = isTorn ? [0x0A] + bytes : bytes
        let written = write(descriptor, lines, lines.count)
        guard written == lines.count else {
            let error = written < 0 ? errno : ENOSPC
            // Half a line is of no use, and the next one would be joined to it.
            if written > 0 { _ = ftruncate(descriptor, end) }
            throw cannotAdd(error)
        }
    }

    private func lock(_ descriptor: Int32) throws {
        for _ in 0..<Self.lockTries {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            usleep(Self.lockPause)
        }
        throw cannotAdd(errno)
    }

    private func size(of descriptor: Int32) throws -> off_t {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unfit("cannot be read") }
        return status.st_size
    }

    // MARK: Sentences

    private func unfit(_ what: String) -> PeopleArchiveError {
        PeopleArchiveError(
            "\(path) \(what), so nobody is known from earlier and nobody is remembered; "
                + "mend it or move it away, and start again")
    }

    private func cannotAdd(_ error: Int32) -> PeopleArchiveError {
        PeopleArchiveError(
            "whom you meet and verify cannot be kept in \(path): "
                + "\(String(cString: strerror(error))); mend that, and start again")
    }
}
