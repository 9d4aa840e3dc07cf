import Crypto
import Foundation

/// A folder of its own for one person: configuration, state and received files, and nothing of the
/// machine's own user.
struct Home: Sendable {
    let path: String

    /// Where files for this person go.
    var received: String { "\(path)/received" }

    var environment: [String: String] {
        [
            "HOME": path, "XDG_CONFIG_HOME": "\(path)/config", "XDG_STATE_HOME": "\(path)/state",
            "XDG_DATA_HOME": "\(path)/data", "XDG_CACHE_HOME": "\(path)/cache",
            "TMPDIR": path, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "USER": "somebody", "SWIFT_BACKTRACE": "enable=no",
            // A build for finding faults writes its reports where it is told.
            "LLVM_PROFILE_FILE": "/dev/null",
        ]
    }

    /// The names in a folder below this one, sorted.
    func list(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")
        return (names ?? []).sorted()
    }
}

/// Files that stories send and receive.
enum Files {
    /// Writes a file of so many random bytes and returns its SHA-256 in hexadecimal.
    static func makeRandom(at path: String, size: Int) throws -> String {
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try open(FileHandle(forWritingAtPath: path), path)
        let source = try open(FileHandle(forReadingAtPath: "/dev/urandom"), "/dev/urandom")
        var hash = SHA256()
        var rest = size
        while rest > 0 {
            let piece = try source.read(upToCount: min(rest, 1 << 20)) ?? Data()
            hash.update(data: piece)
            try file.write(contentsOf: piece)
            rest -= piece.count
        }
        try file.close()
        return hexadecimal(hash.finalize())
    }

    /// The SHA-256 of a file in hexadecimal.
    static func hash(of path: String) throws -> String {
        let file = try open(FileHandle(forReadingAtPath: path), path)
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            hash.update(data: piece)
        }
        return hexadecimal(hash.finalize())
    }

    static func size(of path: String) -> Int? {
        try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    }

    private static func open(_ file: FileHandle?, _ path: String) throws -> FileHandle {
        guard let file else { throw Unmet("cannot open \(path)") }
        return file
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0\(digits)" : digits
        }.joined()
    }
}
