import ArgumentParser
import Foundation
import Terminal
import Transport

/// What lets a packet capture of one's own connections be read.
struct KeyLogOption: ParsableArguments {
    @Option(
        name: .customLong("tls-key-log"),
        help: ArgumentHelp(
            """
            Appends the secrets of this program's TLS connections to a file, for following along in \
            a packet capture; env means the file that SSLKEYLOGFILE names. Whoever has the file can \
            take the TLS off what was captured.
            """, valueName: "file|env"))
    var place: String?

    /// Opens the file and says so; nil when none is wanted. `SSLKEYLOGFILE` alone does nothing.
    func open() throws(Problem) -> KeyLog? {
        guard let place else { return nil }
        let path = place == "env" ? ProcessInfo.processInfo.environment["SSLKEYLOGFILE"] : place
        guard let path, !path.isEmpty else {
            throw Problem(
                .usage, "SSLKEYLOGFILE names no file; set it, or name one with --tls-key-log")
        }
        do throws(KeyLogError) {
            let log = try KeyLog(path: path)
            Output.line(
                """
                WARNING: the secrets of these TLS connections go to \(SafeText(untrusted: path)); \
                whoever has that file can take the TLS off a capture
                """, to: STDERR_FILENO)
            return log
        } catch {
            throw Problem(.inputOutput, error.sentence)
        }
    }
}
