import Client
import Terminal

/// One way of showing a room and taking what is to be done in it.
protocol Face: Actor {
    nonisolated var session: any RoomSession { get }
    nonisolated var reader: InputReader { get }
    nonisolated var departure: Departure { get }
    /// Something happened in the room.
    func handle(_ event: ClientEvent) async
    /// Something happened at the keyboard or to the process; false when no more input is wanted.
    func handle(_ input: InputPoller.Event) async -> Bool
    /// The room was left or lost; nothing more happens in it.
    func roomEnded()
    /// Milliseconds to wait for more input; nil for ever.
    var inputTimeout: Int32? { get }
}

/// The wish to leave the room in good order, from wherever it comes.
struct Departure: Sendable {
    private let wishes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (wishes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// Leaves; the stay ends with that.
    func ask() { continuation.yield() }

    fileprivate func finish() { continuation.finish() }

    fileprivate func carryOut(in session: any RoomSession) async {
        for await _ in wishes { await session.leave() }
    }
}

extension Face {
    /// Stays in the room until it is left; throws why it could not stay.
    func stay() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in self.session.events { await self.handle(event) }
                await self.roomEnded()
            }
            group.addTask { await self.readInput() }
            group.addTask { await self.departure.carryOut(in: self.session) }
            defer {
                departure.finish()
                reader.wake()
            }
            try await session.run()
        }
    }

    private func readInput() async {
        while !Task.isCancelled {
            let event = await reader.next(timeout: inputTimeout)
            if event == .woken { return }
            guard await handle(event) else { return }
        }
    }
}
