import Synchronization

/// Runs tasks one after the other, on the thread of whoever waits for them, and moves time only when
/// all of them wait: a room full of whole clients is as repeatable as one function.
final class Stage: TaskExecutor {
    /// A test waits for something that never comes.
    struct Stuck: Error {}

    let clock = ManualClock()
    private let jobs = Mutex<Queue>(Queue())

    private struct Queue {
        var jobs: [UnownedJob] = []
        var next = 0
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.jobs.append(job) }
    }

    /// Runs everything that can be run now.
    func settle() {
        while let job = takeJob() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func takeJob() -> UnownedJob? {
        jobs.withLock { queue in
            guard queue.next < queue.jobs.count else {
                queue = Queue()
                return nil
            }
            defer { queue.next += 1 }
            return queue.jobs[queue.next]
        }
    }

    /// Lets time pass, with everything that comes due in it.
    func pass(_ span: Duration) {
        let end = clock.now.offset + span
        settle()
        while let next = clock.nextWakeUp, next <= end {
            clock.advance(by: next - clock.now.offset)
            settle()
        }
        clock.advance(by: end - clock.now.offset)
        settle()
    }

    /// Runs something to its end, without letting time pass.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let result = OnStage<Swift.Result<Result, any Error>?>(nil)
        Task(executorPreference: self) {
            do { result.value = .success(try await body()) } catch {
                result.value = .failure(error)
            }
        }
        settle()
        guard let result = result.value else { throw Stuck() }
        return try result.get()
    }

    /// Starts something that goes on by itself.
    func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await body() }
    }
}

/// Something that lives on a stage. The tasks of a stage run on one thread at a time, that of the
/// test which settles it, and so does the test itself: no two threads can meet here.
final class OnStage<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
