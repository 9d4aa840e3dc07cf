import ChatUI
import Client
import Wire

/// Goes into a room, delivers, and leaves.
struct Errand: Sendable {
    let client: ChatClient
    let text: String?
    let files: [String]
    let recipient: String?

    /// - Parameter timeout: seconds; nil waits for ever.
    func run(timeout: Double?) async throws {
        let progress = Progress(Delivery(files: files.count, recipient: recipient))
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask {
                try await client.run()
                return .left
            }
            group.addTask { try await deliver(progress) }
            if let timeout {
                group.addTask {
                    try await Task.sleep(for: .seconds(timeout))
                    return .timedOut
                }
            }
            defer { group.cancelAll() }
            switch try await group.next() {
            case .timedOut:
                let waiting = await progress.delivery.waitingFor
                await client.leave()
                throw Problem(.temporary, "\(waiting) in time; try again with a longer --timeout")
            case .delivered:
                await client.leave()
                while let outcome = try await group.next(), outcome != .left {}
            case .left, nil: throw Problem(.temporary, "the room was left too early; try again")
            }
        }
    }

    private enum Outcome { case left, delivered, timedOut }

    /// The delivery, seen by the task that carries it out and by the one that tells of a time-out.
    private actor Progress {
        var delivery: Delivery
        init(_ delivery: Delivery) { self.delivery = delivery }
        func update(_ body: @Sendable (inout Delivery) -> Delivery.Step) -> Delivery.Step {
            body(&delivery)
        }
    }

    private func deliver(_ progress: Progress) async throws -> Outcome {
        if let text {
            let id = try await attempt { () throws(ClientRefusal) in try await client.say(text) }
            _ = await progress.update { $0.said(id) }
        }
        for await event in client.events {
            var step = await progress.update { $0.apply(event) }
            if case .offer(let person) = step { step = try await offer(to: person, progress) }
            switch step {
            case .done: return .delivered
            case .failed(let sentence): throw Problem(.temporary, sentence)
            case .wait, .offer: break
            }
        }
        return .left
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
