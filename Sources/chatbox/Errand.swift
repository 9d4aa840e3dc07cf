import ChatUI
import Client
import Foundation
import Terminal
import Wire

/// Goes into a room, delivers, and leaves in good order, however it ends.
struct Errand: Sendable {
    let session: any RoomSession
    let text: String?
    let files: [String]
    let recipient: String?
    var patience = Delivery.Patience.usual

    /// - Parameters:
    ///   - timeout: seconds; nil waits as long as there is somebody to wait for.
    ///   - signals: tells of the signals that end it.
    ///   - show: tells a person what it waits for.
    func run(
        timeout: Double?, signals: InputReader, show: (String) -> Void = { _ in }
    ) async throws {
        let (inputs, input) = AsyncStream<Input>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { input.yield(.over(await failure())) }
            group.addTask { for await event in session.events { input.yield(.event(event)) } }
            group.addTask { await Self.read(signals, into: input) }
            if let timeout {
                group.addTask { await Self.yield(.timeOut, to: input, after: .seconds(timeout)) }
            }
            defer {
                signals.wake()
                group.cancelAll()
            }
            var progress = Progress(self)
            for await what in inputs {
                let effect = try await progress.take(what)
                if effect == .end { return }
                if effect == .leave { group.addTask { await session.leave() } }
                if let pause = progress.pauseUntilDue() {
                    group.addTask { await Self.yield(.due, to: input, after: pause) }
                }
                if let news = progress.takeStatus() { show(news) }
            }
        }
    }

    fileprivate enum Input: Sendable {
        case event(ClientEvent)
        /// Something may be waited for no longer.
        case due
        case timeOut
        case signal(Int32)
        /// The stay is over, and why if it could not go on.
        case over((any Error)?)
    }

    private func failure() async -> (any Error)? {
        do {
            try await session.run()
            return nil
        } catch {
            return error
        }
    }

    /// Passes signals on until the reader is woken.
    private static func read(
        _ reader: InputReader, into input: AsyncStream<Input>.Continuation
    ) async {
        while true {
            switch await reader.next() {
            case .signal(let number): input.yield(.signal(number))
            case .woken: return
            case .bytes, .quiet, .end: continue
            }
        }
    }

    private static func yield(
        _ what: Input, to input: AsyncStream<Input>.Continuation, after pause: Duration
    ) async {
        // A cancelled one is for nobody any more.
        guard (try? await Task.sleep(for: pause)) != nil else { return }
        input.yield(what)
    }
}

/// How far an errand is, and how it will end.
private struct Progress {
    enum Effect { case goOn, leave, end }

    private let errand: Errand
    private let start = ContinuousClock.now
    private var delivery: Delivery
    private var isLeaving = false
    /// What is thrown once the room is left.
    private var ending: (any Error)?
    private var wakesAt: Duration?
    private var shown: String?

    init(_ errand: Errand) {
        self.errand = errand
        delivery = Delivery(
            files: errand.files.count, recipient: errand.recipient, hasText: errand.text != nil,
            patience: errand.patience)
    }

    private var now: Duration { start.duration(to: .now) }

    mutating func take(_ input: Errand.Input) async throws -> Effect {
        switch input {
        case .over(let error):
            guard isLeaving else {
                throw error ?? Problem(.temporary, "the room was left too early; try again")
            }
            if let ending { throw ending }
            return .end
        case .signal(let number):
            // Whoever asks twice does not wait for the leaving.
            guard !isLeaving else { throw Interrupted(signal: number) }
            return leave(Interrupted(signal: number))
        default: return isLeaving ? .goOn : await carryOut(input)
        }
    }

    private mutating func leave(_ ending: (any Error)?) -> Effect {
        isLeaving = true
        self.ending = ending
        return .leave
    }

    private mutating func carryOut(_ input: Errand.Input) async -> Effect {
        var step = Delivery.Step.wait
        switch input {
        case .event(let event): step = delivery.apply(event, at: now)
        case .due: step = delivery.tick(at: now)
        case .timeOut: step = delivery.timeOut()
        case .signal, .over: break
        }
        do throws(Problem) {
            if step == .say { step = try await say() }
            if case .offer(let person) = step { step = try await offer(to: person) }
        } catch {
            return leave(error)
        }
        return step == .done ? leave(delivery.failure.map(Problem.init)) : .goOn
    }

    private mutating func say() async throws(Problem) -> Delivery.Step {
        delivery.saying()
        guard let text = errand.text else { return .wait }
        let id = try await attempt { () throws(ClientRefusal) in
            try await errand.session.say(text, isAction: false)
        }
        return delivery.said(id)
    }

    private mutating func offer(to person: AttachmentID?) async throws(Problem) -> Delivery.Step {
        delivery.offering()
        var step = Delivery.Step.wait
        for path in errand.files {
            let number = try await attempt { () throws(ClientRefusal) in
                try await errand.session.offer(path: path, to: person)
            }
            step = delivery.offered(number, path: path)
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

    /// How long to wait until `due`, when it is sooner than what was waited for before.
    mutating func pauseUntilDue() -> Duration? {
        guard !isLeaving, let deadline = delivery.deadline, deadline != wakesAt else { return nil }
        wakesAt = deadline
        return max(.zero, deadline - now)
    }

    /// What to tell a person, when that is something new.
    mutating func takeStatus() -> String? {
        let status = isLeaving ? nil : delivery.status
        guard let status, status != shown else { return nil }
        shown = status
        return status
    }
}

extension Problem {
    fileprivate init(_ failure: Delivery.Failure) {
        let status: ExitStatus =
            switch failure.kind {
            case .nobody: .unavailable
            case .changed: .noInput
            case .temporary: .temporary
            }
        self.init(status, failure.sentence)
    }
}
