import Client
import Crypto
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The file that holds a person's identity key, as ssh and age keep theirs: text, for the owner
/// alone, made on first use.
struct IdentityFile {
    let path: String

    private static let secretPrefix = "CHATBOX-SECRET-KEY-1:"
    /// Bytes of such a file; it has some 200.
    private static let maximumSize = 4096

    init(path: String = Places.configuration + "/identity") { self.path = path }

    /// The identity, made now when there is none. Two first uses at once end with one identity.
    func load() throws(Problem) -> Identity {
        if let identity = try read() { return identity }
        try create(Identity())
        guard let identity = try read() else { throw unusable("is gone again") }
        return identity
    }

    private func unusable(_ what: String) -> Problem {
        Problem(.inputOutput, "the identity file \(path) \(what); move it away for a new identity")
    }

    private func read() throws(Problem) -> Identity? {
        guard let folder = try openFolder() else { return nil }
        defer { close(folder) }
        let name = (path as NSString).lastPathComponent
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable("cannot be read: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unusable("is not a file")
        }
        guard Self.isOurs(status) else {
            throw Problem(
                .noPermission,
                "the identity file \(path) is somebody else's, who can be taken for you; "
                    + "move it away for a new identity")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Problem(
                .noPermission,
                "the identity file \(path) can be read by others; run chmod 600 on it")
        }
        guard let data = try? handle.read(upToCount: Self.maximumSize),
            let key = Self.key(in: String(decoding: data, as: UTF8.self))
        else { throw unusable("holds no key") }
        return Identity(key: key)
    }

    /// The folder, by which the file is opened; nil when there is none. Others who can write in it can
    /// put an identity of theirs in the place of this one.
    private func openFolder() throws(Problem) -> Int32? {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable("cannot be read: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Self.isOurs(status), status.st_mode & 0o022 == 0
        else {
            close(descriptor)
            throw Problem(
                .noPermission,
                "others can change the folder \(folder) of your identity; make it yours, and run "
                    + "chmod 700 on it")
        }
        return descriptor
    }

    /// Root's is nobody else's: root can read and write everything.
    private static func isOurs(_ status: stat) -> Bool {
        status.st_uid == geteuid() || status.st_uid == 0
    }

    private static func key(in text: String) -> Curve25519.Signing.PrivateKey? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix(secretPrefix) {
            let encoded = line.dropFirst(secretPrefix.count)
            guard let bytes = Hexadecimal.parse(encoded) else { return nil }
            return try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        }
        return nil
    }

    /// Writes it beside and links it into place: nobody ever sees half of it, and nothing that is
    /// there is lost.
    private func create(_ identity: Identity) throws(Problem) {
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Problem(
                .inputOutput, "the folder \(folder) for your identity cannot be made; check it")
        }
        let temporary = "\(path).\(UInt64.random(in: .min ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw cannotWrite() }
        defer { unlink(temporary) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(Self.text(identity).utf8))
            try handle.synchronize()
        } catch {
            throw cannotWrite()
        }
        if link(temporary, path) != 0, errno != EEXIST { throw cannotWrite() }
    }

    private func cannotWrite() -> Problem {
        Problem(.inputOutput, "the identity file \(path) cannot be written; check its folder")
    }

    private static func text(_ identity: Identity) -> String {
        let publicKey = Hexadecimal.text(identity.publicKey)
        let secret = Hexadecimal.text(identity.key.rawRepresentation)
        return """
            # Your identity in chatbox rooms. Whoever has this file can be taken for you.
            # public key: \(publicKey)
            \(secretPrefix)\(secret)

            """
    }
}
