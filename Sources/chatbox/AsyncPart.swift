import Dispatch
import Foundation
import Synchronization

/// The part of a command that runs on many threads. Everything before it has one: what the program
/// gives up by then is given up by all.
enum AsyncPart {
    /// Runs it and waits for its end on this thread, which does nothing else.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let ending = Ending()
        Task.detached {
            do {
                try await body()
            } catch {
                ending.failure.withLock { $0 = error }
            }
            ending.semaphore.signal()
        }
        // Threads of the pool take no signals: they come to this one, even if whoever started the
        // program had blocked them.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        ending.semaphore.wait()
        if let failure = ending.failure.withLock({ $0 }) { throw failure }
    }

    private final class Ending: Sendable {
        let semaphore = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
    }
}
