import Dispatch
import Foundation
import Synchronization

/// The part of a command that runs on many threads. Everything before it has one: what the program
/// gives up by then is given up by all.
enum AsyncPart {
    /// Runs it and waits for its end on this thread, which does nothing else: work for the main
    /// actor would wait for ever.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let ending = Ending<Value>()
        Task.detached {
            do {
                ending.finish(.success(try await body()))
            } catch {
                ending.finish(.failure(error))
            }
        }
        // Threads of the pool take no signals: they come to this one, even if whoever started the
        // program had blocked them.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        return try ending.wait().get()
    }

    private final class Ending<Value: Sendable>: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let result = Mutex<Result<Value, any Error>?>(nil)

        func finish(_ end: Result<Value, any Error>) {
            result.withLock { $0 = end }
            semaphore.signal()
        }

        func wait() -> Result<Value, any Error> {
            semaphore.wait()
            return result.withLock { $0 } ?? .failure(CancellationError())
        }
    }
}
