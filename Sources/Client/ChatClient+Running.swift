import Wire

/// Connections, time and transfers: what `run` does at once.
extension ChatClient {
    // MARK: Connections

    /// Bytes handed to a connection at once.
    private static let maximumBatch = 256 << 10
    /// Bytes that may wait to be sent before the network is left unread: what is said is bounded by
    /// its window, but a server that reads nothing could make us answer without end.
    private static let maximumOutgoing = 8 << 20

    func keepConnected() async {
        for await _ in connects.stream {
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            closing = continuation
            if isCloseWanted { continuation.finish() }
            let error = await connect(until: stream)
            closing = nil
            outgoingSignal = nil
            outgoing = []
            outgoingBytes = 0
            move.isConnectionOpen = false
            // A room that was left for another knows nothing of this connection.
            if move.isUnderWay {
                enterNewRoomIfDue()
            } else {
                session.disconnected(error, now: clock.now())
            }
            drain()
        }
    }

    /// Makes one connection and stays on it until it ends, or `closing` does.
    private nonisolated func connect(until closing: AsyncStream<Never>) async -> ConnectionError {
        do {
            try await race {
                try await self.connector.withLink { link in try await self.serve(link) }
            } until: {
                for await _ in closing {}
            }
            return .lost
        } catch let error as ConnectionError {
            return error
        } catch {
            return .lost
        }
    }

    private nonisolated func serve(_ link: any FrameLink) async throws {
        let signal = await connected(to: link.serverKey)
        let (drained, drain) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await race {
            var drained = drained.makeAsyncIterator()
            while let frames = try await link.receive() {
                await self.received(frames)
                await self.queue.waitForRoom()
                while await self.hasMuchToSend, await drained.next() != nil {}
            }
        } until: {
            for await _ in signal {
                while let batch = await self.takeOutgoing() {
                    try await link.send(batch)
                    drain.yield()
                }
            }
        }
    }

    private var hasMuchToSend: Bool { outgoingBytes > Self.maximumOutgoing }

    private func connected(to server: ServerKeyHash) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        outgoingSignal = continuation
        session.connected(to: server, now: clock.now())
        drain()
        return stream
    }

    private func received(_ frames: [ServerFrame]) {
        session.received(frames, now: clock.now())
        drain()
    }

    /// The next frames to be sent, as many as go at once; nil when there are none.
    private func takeOutgoing() -> [ClientFrame]? {
        guard !outgoing.isEmpty else { return nil }
        var bytes = 0
        var count = 0
        // At least one, however large.
        while count < outgoing.count,
            count == 0 || bytes + outgoing[count].size <= Self.maximumBatch
        {
            bytes += outgoing[count].size
            count += 1
        }
        let batch = Array(outgoing[..<count])
        outgoing.removeFirst(count)
        outgoingBytes -= bytes
        return batch
    }

    // MARK: Time

    private var deadline: Duration? {
        [session.deadline, desk.deadline, move.deadline, solitude?.deadline].compactMap(\.self)
            .min()
    }

    func keepTime() async {
        while !Task.isCancelled {
            let (wake, continuation) = AsyncStream<Never>.makeStream()
            let until = deadline
            sleepingUntil = until
            timerSignal = continuation
            await sleep(until: until, or: wake)
            timerSignal = nil
            let now = clock.now()
            session.tick(now: now)
            desk.tick(people: conversation.people, now: now)
            enterNewRoomIfDue()
            tellIfAlone()
            drain()
        }
    }

    private nonisolated func sleep(until: Duration?, or wake: AsyncStream<Never>) async {
        guard let until else {
            for await _ in wake {}
            return
        }
        // Cancellation is seen by the caller; nothing else can go wrong.
        try? await race {
            try await self.clock.sleep(until)
        } until: {
            for await _ in wake {}
        }
    }

    /// The timer sleeps until a time that was right when it lay down; wakes it when it is too late
    /// by now.
    func wakeTimerIfLate() {
        guard let timerSignal, let deadline else { return }
        if sleepingUntil.map({ deadline < $0 }) ?? true { timerSignal.finish() }
    }

    // MARK: Transfers

    /// How a job that runs is reached.
    struct JobEnds {
        var stop: AsyncStream<Never>.Continuation
        var digests: AsyncStream<[UInt8]>.Continuation?
        /// The part is to be deleted when the job has stopped.
        var isUnwanted = false
    }

    struct Job: Sendable {
        var stop: AsyncStream<Never>
        var body: @Sendable () async -> Void
    }

    func runJobs() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs.stream {
                group.addTask {
                    // A job that is stopped has nothing to say: the desk has forgotten it.
                    try? await race {
                        await job.body()
                    } until: {
                        for await _ in job.stop {}
                    }
                }
            }
            group.cancelAll()
        }
    }

    func start(receiving order: ReceiveOrder) {
        let (stop, stopper) = AsyncStream<Never>.makeStream()
        let (digests, digestSink) = AsyncStream<[UInt8]>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        jobEnds[order.secret.token] = JobEnds(stop: stopper, digests: digestSink)
        let token = order.secret.token
        let reports = ReceiveJob.Reports(
            began: { await self.receivingBegan(token, firstChunk: $0, bytes: $1) },
            progressed: { await self.receivingProgressed(token, bytes: $0) },
            isUnwanted: { await self.jobEnds[token]?.isUnwanted ?? false })
        let job = ReceiveJob(
            order: order, connector: connector, access: session.access, clock: clock,
            digests: digests,
            reports: reports)
        jobs.continuation.yield(
            Job(stop: stop) { await self.receivingEnded(token, await job.run()) })
    }

    func start(sending order: SendOrder) {
        let (stop, stopper) = AsyncStream<Never>.makeStream()
        jobEnds[order.secret.token] = JobEnds(stop: stopper)
        let token = order.secret.token
        let job = SendJob(
            order: order, connector: connector, access: session.access, clock: clock,
            progressed: { await self.sendingProgressed(token, bytes: $0) })
        jobs.continuation.yield(
            Job(stop: stop) { await self.sendingEnded(token, await job.run()) })
    }

    private func receivingBegan(_ token: TransferToken, firstChunk: UInt64, bytes: UInt64) {
        desk.receivingBegan(token, firstChunk: firstChunk, bytes: bytes)
        drain()
    }

    private func receivingProgressed(_ token: TransferToken, bytes: UInt64) {
        desk.receivingProgressed(token, bytes: bytes, now: clock.now())
        drain()
    }

    private func receivingEnded(_ token: TransferToken, _ outcome: ReceiveOutcome) {
        jobEnds[token] = nil
        desk.receivingEnded(token, outcome, now: clock.now())
        drain()
    }

    private func sendingProgressed(_ token: TransferToken, bytes: UInt64) {
        desk.sendingProgressed(token, bytes: bytes, now: clock.now())
        drain()
    }

    private func sendingEnded(_ token: TransferToken, _ outcome: SendOutcome) {
        jobEnds[token] = nil
        desk.sendingEnded(token, outcome, me: conversation.people.me, now: clock.now())
        drain()
    }
}

extension ClientFrame {
    /// Bytes that a frame takes in memory, near enough.
    fileprivate static let cost = 256

    /// Bytes of memory, its payload included.
    var size: Int {
        switch self {
        case .append(let append): Self.cost + append.payload.count
        case .knock(let payload): Self.cost + payload.count
        case .answer(let answer): Self.cost + answer.payload.count + 8 * answer.knocks.count
        case .hello, .attach, .ready, .ping, .leave, .transfer: Self.cost
        }
    }
}
