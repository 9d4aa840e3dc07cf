import ChatUI
import Client
import Terminal
import Wire

/// Goes into a room, delivers, and leaves in good order, however it ends.
struct Errand: Sendable {
    let session: any RoomSession
    let text: String?
    let files: [String]
    let recipient: String?

    /// Text waits so long in an empty room for somebody who can hear it: a listener that was started
    /// together with this may come a moment later, on a busy machine some seconds.
    static let aloneTimeout: Duration = .seconds(10)
    private static let alone = Problem(
        .unavailable,
        "nobody is in the room, so nothing was said; ask the others whether they are there, and check "
            + "the link: one with a wrong character leads to another room, which is empty")

    /// - Parameters:
    ///   - timeout: seconds; nil waits for ever.
    ///   - aloneTimeout: how long text waits in an empty room; nil waits until the time-out.
    ///   - signals: tells of the signals that end it.
    func run(timeout: Double?, aloneTimeout: Duration?, signals: InputReader) async throws {
        let progress = Progress(
            Delivery(files: files.count, recipient: recipient, hasText: text != nil))
        let (entered, entry) = AsyncStream<Never>.makeStream()
        let (interrupts, interrupt) = AsyncStream<Int32>.makeStream()
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask {
                try await session.run()
                return .left
            }
            group.addTask { await deliver(progress, entry) }
            group.addTask {
                await Self.read(signals, into: interrupt)
                return .silent
            }
            group.addTask { await Self.first(of: interrupts) }
            if let aloneTimeout {
                group.addTask {
                    for await _ in entered {}
                    try await Task.sleep(for: aloneTimeout)
                    return .waitedForOthers
                }
            }
            if let timeout {
                group.addTask {
                    try await Task.sleep(for: .seconds(timeout))
                    return .timedOut
                }
            }
            defer {
                signals.wake()
                group.cancelAll()
            }
            while let outcome = try await group.next() {
                switch outcome {
                // Nothing more happens in the room. Why, `run` says.
                case .silent: continue
                case .left: break
                case .waitedForOthers where await !progress.isAlone: continue
                default:
                    if case .interrupted = outcome {
                        group.addTask { await Self.first(of: interrupts) }
                    }
                    try await leave(&group)
                    if let error = await progress.error(of: outcome) { throw error }
                    return
                }
                throw Problem(.temporary, "the room was left too early; try again")
            }
        }
    }

    private enum Outcome: Sendable {
        /// The stay is over.
        case left
        case silent
        case waitedForOthers
        case delivered
        case timedOut
        case failed(Problem)
        case interrupted(Int32)
    }

    /// Passes signals on until the reader is woken.
    private static func read(
        _ reader: InputReader, into interrupt: AsyncStream<Int32>.Continuation
    ) async {
        while true {
            switch await reader.next() {
            case .signal(let number): interrupt.yield(number)
            case .woken: return
            case .bytes, .quiet, .end: continue
            }
        }
    }

    private static func first(of interrupts: AsyncStream<Int32>) async -> Outcome {
        for await number in interrupts { return .interrupted(number) }
        return .silent
    }

    /// Leaves; a signal meanwhile does not wait for that.
    private func leave(_ group: inout ThrowingTaskGroup<Outcome, any Error>) async throws {
        group.addTask {
            await session.leave()
            return .silent
        }
        while let outcome = try await group.next() {
            switch outcome {
            case .left, .interrupted: return
            case .silent, .waitedForOthers, .delivered, .timedOut, .failed: continue
            }
        }
    }

    /// The delivery, seen by the task that carries it out and by the one that tells of its end.
    private actor Progress {
        private var delivery: Delivery
        init(_ delivery: Delivery) { self.delivery = delivery }

        var isAlone: Bool { delivery.isAlone }

        func update(_ body: @Sendable (inout Delivery) -> Delivery.Step) -> Delivery.Step {
            body(&delivery)
        }

        func error(of outcome: Outcome) -> (any Error)? {
            switch outcome {
            case .failed(let problem): problem
            case .interrupted(let number): Interrupted(signal: number)
            case .waitedForOthers: Errand.alone
            case .timedOut where isAlone: Errand.alone
            case .timedOut:
                Problem(
                    .temporary,
                    "\(delivery.waitingFor) in time; try again with a longer --timeout")
            case .delivered, .left, .silent: nil
            }
        }
    }

    /// - Parameter entry: finishes when the room is entered.
    private func deliver(
        _ progress: Progress, _ entry: AsyncStream<Never>.Continuation
    ) async -> Outcome {
        do throws(Problem) {
            return try await carryOut(progress, entry)
        } catch {
            return .failed(error)
        }
    }

    private func carryOut(
        _ progress: Progress, _ entry: AsyncStream<Never>.Continuation
    ) async throws(Problem) -> Outcome {
        for await event in session.events {
            if case .joined = event { entry.finish() }
            var step = await progress.update { $0.apply(event) }
            if step == .say { step = try await say(progress) }
            if case .offer(let person) = step { step = try await offer(to: person, progress) }
            switch step {
            case .done: return .delivered
            case .failed(let sentence): throw Problem(.temporary, sentence)
            case .wait, .say, .offer: break
            }
        }
        return .silent
    }

    private func say(_ progress: Progress) async throws(Problem) -> Delivery.Step {
        _ = await progress.update {
            $0.saying()
            return .wait
        }
        guard let text else { return .wait }
        let id = try await attempt { () throws(ClientRefusal) in
            try await session.say(text, isAction: false)
        }
        return await progress.update { $0.said(id) }
    }

    private func offer(
        to person: AttachmentID?, _ progress: Progress
    ) async throws(Problem) -> Delivery.Step {
        _ = await progress.update {
            $0.offering()
            return .wait
        }
        var step = Delivery.Step.wait
        for path in files {
            let number = try await attempt { () throws(ClientRefusal) in
                try await session.offer(path: path, to: person)
            }
            step = await progress.update { $0.offered(number) }
        }
        return step
    }

    private func attempt<Value: Sendable>(
        _ body: () async throws(ClientRefusal) -> Value
    ) async throws(Problem) -> Value {
        do throws(ClientRefusal) {
            return try await body()
        } catch {
            if case .file(let sentence) = error { throw Problem(.noInput, sentence) }
            throw Problem(.badLink, error.sentence)
        }
    }
}
