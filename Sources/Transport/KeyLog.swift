import NIOCore
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file into which the secrets of TLS connections are written, for who wants to follow along in a
/// packet capture. Whoever has it reads what the connections carried; entries of rooms and files
/// stay sealed in it.
///
/// The format is that of `SSLKEYLOGFILE`, which Wireshark reads.
package final class KeyLog: Sendable {
    /// The path as the person gave it, for showing.
    package let path: String
    private let descriptor: Int32

    /// Opens the file, for its owner alone when it is made here; what is in it stays.
    package init(path: String) throws(KeyLogError) {
        self.path = path
        // Without O_NONBLOCK a pipe that nobody reads would be waited for.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path) }
        var status = stat()
        // A pipe or a terminal has its reader; a file that others can read has too many.
        guard fstat(descriptor, &status) == 0,
            status.st_mode & S_IFMT != S_IFREG
                || status.st_uid == geteuid() && status.st_mode & 0o077 == 0
        else {
            close(descriptor)
            throw .isOpenToOthers(path)
        }
    }

    deinit { close(descriptor) }

    /// For the configuration of TLS. Called on any thread; a line is one write to the end of the
    /// file, so that no lock is needed and several programs can share it.
    var callback: NIOSSLKeyLogCallback {
        { [self] line in
            _ = line.withUnsafeReadableBytes { write(descriptor, $0.baseAddress, $0.count) }
        }
    }
}

/// Why secrets cannot be written.
package enum KeyLogError: Error, Equatable, Sendable {
    case cannotOpen(String)
    case isOpenToOthers(String)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .cannotOpen(let path):
            "the TLS keys cannot be written to \(path); give another file with --tls-key-log"
        case .isOpenToOthers(let path):
            "others could read the TLS keys in \(path); make it yours, and run chmod 600 on it"
        }
    }
}
