import ChatUI
import Client
import Wire

/// Goes into a room, delivers, and leaves.
struct Errand: Sendable {
    let client: ChatClient
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
    func run(timeout: Double?, aloneTimeout: Duration?) async throws {
        let progress = Progress(
            Delivery(files: files.count, recipient: recipient, hasText: text != nil))
        let (entered, entry) = AsyncStream<Never>.makeStream()
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask {
                try await client.run()
                return .left
            }
            group.addTask { try await deliver(progress, entry) }
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
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                switch outcome {
                case .waitedForOthers:
                    guard await progress.delivery.isAlone else { break }
                    await client.leave()
                    throw Self.alone
                case .timedOut:
                    let delivery = await progress.delivery
                    await client.leave()
                    throw delivery.isAlone
                        ? Self.alone
                        : Problem(
                            .temporary,
                            "\(delivery.waitingFor) in time; try again with a longer --timeout")
                case .delivered:
                    await client.leave()
                    while let outcome = try await group.next(), outcome != .left {}
                    return
                case .left: throw Problem(.temporary, "the room was left too early; try again")
                }
            }
        }
    }

    private enum Outcome { case left, waitedForOthers, delivered, timedOut }

    /// The delivery, seen by the task that carries it out and by the one that tells of a time-out.
    private actor Progress {
        var delivery: Delivery
        init(_ delivery: Delivery) { self.delivery = delivery }
        func update(_ body: @Sendable (inout Delivery) -> Delivery.Step) -> Delivery.Step {
            body(&delivery)
        }
    }

    /// - Parameter entry: finishes when the room is entered.
    private func deliver(
        _ progress: Progress, _ entry: AsyncStream<Never>.Continuation
    ) async throws -> Outcome {
        for await event in client.events {
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
        return .left
    }

    private func say(_ progress: Progress) async throws -> Delivery.Step {
        _ = await progress.update {
            $0.saying()
            return .wait
        }
        guard let text else { return .wait }
        let id = try await attempt { () throws(ClientRefusal) in try await client.say(text) }
        return await progress.update { $0.said(id) }
    }

    private func offer(to person: AttachmentID?, _ progress: Progress) async throws -> Delivery.Step
    {
        _ = await progress.update {
            $0.offering()
            return .wait
        }
        var step = Delivery.Step.wait
        for path in files {
            let number = try await attempt { () throws(ClientRefusal) in
                try await client.offer(path: path, to: person)
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
