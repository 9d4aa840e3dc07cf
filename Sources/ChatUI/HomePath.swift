import Foundation

/// Paths as people type them.
package enum HomePath {
    /// `~` and `~/…` beneath the home folder; everything else as it is.
    package static func expand(_ path: String) -> String {
        guard path.utf8.first == UInt8(ascii: "~") else { return path }
        let rest = path.utf8.dropFirst()
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return path }
        return NSHomeDirectory() + String(Substring(rest))
    }
}
