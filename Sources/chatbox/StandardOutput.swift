import Foundation
import Synchronization
import Terminal

/// Standard output, for what a command was asked for. What could not be written is lost, and the
/// command that lost it must not say that it succeeded.
final class StandardOutput: Sendable {
    /// The error number of the first write that failed.
    private let failure = Mutex<Int32?>(nil)

    /// False when it could not be written.
    func write(_ text: String) -> Bool {
        let code = Output.attempt(text)
        if code != 0 { failure.withLock { $0 = $0 ?? code } }
        return code == 0
    }

    /// Throws when something could not be written.
    ///
    /// - Parameter mayClose: a reader who has seen enough and went away is no failure.
    func check(mayClose: Bool) throws(Problem) {
        guard let code = failure.withLock(\.self), !(mayClose && code == EPIPE) else { return }
        let reason = String(cString: strerror(code))
        throw Problem(
            .inputOutput,
            "the standard output cannot be written to (\(reason)), so what belongs there is lost; "
                + "mend that and start again")
    }

    /// Writes what the command is for, or throws.
    static func put(_ text: String, mayClose: Bool = false) throws(Problem) {
        let output = StandardOutput()
        if !output.write(text) { try output.check(mayClose: mayClose) }
    }
}
