import Foundation

/// Paths as people type them.
package enum HomePath {
    /// `~` and `~/…` beneath the home folder; everything else as it is.
    package static func expand(_ path: String) -> String {
        guard path.utf8.first == UInt8(ascii: "~") else { return path }
        let rest = path.utf8.dropFirst()
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return path }
        return home + String(Substring(rest))
    }

    /// The person's home folder: as the environment says, like a shell, else as the system knows.
    /// Asked once: in a sandbox the system cannot be asked any more.
    package static let home: String = {
        let named = ProcessInfo.processInfo.environment["HOME"] ?? ""
        return named.hasPrefix("/") ? named : NSHomeDirectory()
    }()
}
