import Foundation

/// How long the long runs are: a tenth with `swift test`, whole with `make soak`.
package enum Soak {
    /// Whether this is `make soak`.
    package static let isWhole = ProcessInfo.processInfo.environment["CHATBOX_SOAK"] == "1"

    /// So many of a whole run's rounds, seconds or clients; at least one.
    package static func share(of whole: Int) -> Int { isWhole ? whole : max(1, whole / 10) }
}
