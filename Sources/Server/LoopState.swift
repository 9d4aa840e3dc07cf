import Logging
import NIOCore
import Synchronization
import Wire

/// Everything that one event loop owns: its connections, the rooms that it is home to, the part of
/// every room that is connected here, and what it will tell other loops at the end of this turn.
///
/// Confined to its loop; other loops reach it by `LoopMessage`s only.
final class LoopState {
    let shared: ServerShared
    let index: Int
    let eventLoop: any EventLoop
    /// The time as of the last sweep: good enough for deadlines, and free.
    private(set) var now: NIODeadline
    private var peers: [NIOLoopBound<LoopState>] = []
    private var connections: [ConnectionID: Connection] = [:]
    private var lastConnection: UInt64 = 0
    private var localRooms: [RoomID: LocalRoom] = [:]
    private var homeRooms: [RoomID: HomeRoom] = [:]
    private var splices: SpliceTable
    private let turns: LoopTurns
    private var outgoing: [[LoopMessage]]
    /// Rooms, and connections outside rooms, that have something to send at the end of this turn.
    private var roomsWithWork: [LocalRoom] = []
    private var isTurnEndScheduled = false
    private var queueWatch: QueueWatch
    private var memoryTrim = MemoryTrim()
    private var isTurnScheduled = false
    private var sweeper: RepeatedTask?
    private(set) var isStopping = false
    private var empty: EventLoopPromise<Void>?

    init(shared: ServerShared, index: Int, eventLoop: any EventLoop) {
        self.shared = shared
        self.index = index
        self.eventLoop = eventLoop
        now = .now()
        splices = SpliceTable(limits: shared.limits)
        queueWatch = QueueWatch(loopCount: shared.loopCount)
        turns = LoopTurns(share: shared.limits.turnShare)
        outgoing = Array(repeating: [], count: shared.loopCount)
    }

    /// Makes the loops known to each other and begins to look at deadlines.
    func start(peers: [NIOLoopBound<LoopState>]) {
        self.peers = peers
        let interval = shared.limits.sweepInterval
        let bound = peers[index]
        sweeper = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.sweep()
        }
    }

    // MARK: Connections

    func nextConnectionID() -> ConnectionID {
        lastConnection += 1
        return ConnectionID(loop: index, number: lastConnection)
    }

    func register(_ connection: Connection) { connections[connection.id] = connection }

    func unregister(_ connection: Connection) {
        connections[connection.id] = nil
        queueWatch.note(connection, holds: false)
        if connections.isEmpty { empty?.succeed() }
    }

    func connection(_ id: ConnectionID) -> Connection? { connections[id] }

    var connectionCount: Int { connections.count }

    /// Tells every client that the server stops, and closes.
    func stop() {
        isStopping = true
        flushRooms()
        for connection in Array(connections.values) { connection.goodbye(.shuttingDown) }
    }

    /// A future that is kept when no connection is left here, or time is up.
    func whenEmpty(until deadline: NIODeadline) -> EventLoopFuture<Void> {
        let promise = empty ?? eventLoop.makePromise(of: Void.self)
        empty = promise
        if connections.isEmpty {
            promise.succeed()
        } else {
            eventLoop.scheduleTask(deadline: deadline) { promise.succeed() }
        }
        return promise.futureResult
    }

    /// Closes what is left without a word, and ends the sweeps.
    func end() {
        sweeper?.cancel()
        sweeper = nil
        for connection in Array(connections.values) { connection.close() }
        // Loops that know each other would keep each other for ever.
        peers = []
    }

    // MARK: Messages

    /// Sends to another loop at the end of this turn, or handles at once what is for this one.
    func send(_ message: LoopMessage, to loop: Int) {
        guard loop != index else { return receive(message) }
        outgoing[loop].append(message)
        scheduleTurnEnd()
    }

    func deliver(_ delivery: Delivery) {
        switch delivery {
        case .join(_, let connection, _), .unicast(_, let connection, _),
            .goodbye(let connection, _):
            deliver(delivery, toLoop: connection.loop)
        case .broadcast: preconditionFailure("a broadcast is delivered loop by loop")
        }
    }

    func deliver(_ delivery: Delivery, toLoop loop: Int) {
        if loop == index { receive(delivery) } else { send(.delivery(delivery), to: loop) }
    }

    func tell(_ room: RoomID, _ request: RoomRequest, from connection: ConnectionID) {
        let home = shared.home(of: room)
        if home == index {
            receive(request, for: room, from: connection)
        } else {
            send(.room(room, connection, request), to: home)
        }
    }

    private func receive(_ messages: [LoopMessage]) {
        for message in messages { receive(message) }
    }

    private func receive(_ message: LoopMessage) {
        switch message {
        case .room(let room, let connection, let request):
            receive(request, for: room, from: connection)
        case .delivery(let delivery): receive(delivery)
        case .showToken(let key, let connection): show(key, by: connection)
        case .tokenLost(let key, let connection): splices.lost(connection, key: key)
        case .worked(let connection, let time): charge(time, to: connection)
        case .splice(let connection, let event): receive(event, for: connection)
        case .nameLargest(let account, let loop):
            send(.largest(account, queueWatch.largest(of: account)), to: loop)
        case .largest(let account, let weights):
            for connection in queueWatch.named(weights, of: account) {
                send(.cutOff(connection), to: connection.loop)
            }
        case .cutOff(let connection):
            queueWatch.countCutOff()
            connections[connection]?.cutForOthers()
        }
    }

    /// At the end of this turn of the loop everything goes out, to other loops and to the network.
    private func scheduleTurnEnd() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        eventLoop.assumeIsolated().execute { self.endTurn() }
    }

    private func endTurn() {
        isTurnEndScheduled = false
        flushRooms()
        beginReliefs()
        for loop in outgoing.indices where !outgoing[loop].isEmpty {
            let messages = outgoing[loop]
            outgoing[loop] = []
            guard loop < peers.count else { continue }
            let peer = peers[loop]
            peer.eventLoop.execute { peer.value.receive(messages) }
        }
    }

    private func flushRooms() {
        let rooms = roomsWithWork
        roomsWithWork.removeAll(keepingCapacity: true)
        var start = NIODeadline.now()
        for room in rooms {
            room.flush()
            let end = NIODeadline.now()
            let speakers = room.takeSpeakers()
            let each = (end - start).nanoseconds / Int64(max(1, speakers.count))
            for speaker in speakers { charge(.nanoseconds(each), to: speaker) }
            start = end
        }
    }

    // MARK: Turns

    /// Less than this is not told to another loop: the message would cost as much.
    private static let leastToldWork = TimeAmount.microseconds(100)

    func enterTurns(_ address: AddressKey) -> AddressWork { turns.enter(address) }

    func leaveTurns(_ work: AddressWork) { turns.leave(work) }

    /// What is left of this turn for an address.
    func rest(for work: AddressWork) -> TimeAmount { turns.rest(for: work) }

    /// An address used the loop for so long.
    func charge(_ time: TimeAmount, to work: AddressWork) {
        turns.charge(time, to: work)
    }

    private func charge(_ time: TimeAmount, to connection: ConnectionID) {
        guard connection.loop == index else {
            if time >= Self.leastToldWork {
                send(.worked(connection, time), to: connection.loop)
            }
            return
        }
        if let work = connections[connection]?.work { turns.charge(time, to: work) }
    }

    /// A connection goes on in one of the next turns.
    func waitForTurn(_ connection: Connection) {
        turns.wait(connection)
        scheduleTurn()
    }

    /// Between two turns the loop looks for what others want: tasks that follow each other at once
    /// would keep it from the network.
    private func scheduleTurn() {
        guard turns.hasWaiting, !isTurnScheduled else { return }
        isTurnScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: shared.limits.turnPause) {
            self.isTurnScheduled = false
            self.turns.next()
            self.scheduleTurn()
        }
    }

    // MARK: Rooms

    private func receive(_ request: RoomRequest, for room: RoomID, from connection: ConnectionID) {
        if let home = homeRooms[room] {
            home.handle(request, from: connection)
            closeIfOver(home)
        } else if case .attach = request {
            open(room, for: connection, request)
        }
    }

    private func open(_ room: RoomID, for connection: ConnectionID, _ request: RoomRequest) {
        let count = shared.rooms.wrappingAdd(1, ordering: .relaxed).newValue
        guard count <= shared.limits.rooms else {
            shared.rooms.wrappingSubtract(1, ordering: .relaxed)
            shared.logger.warning("no room for another room", metadata: ["rooms": "\(count - 1)"])
            return deliver(.goodbye(connection, .full))
        }
        let home = HomeRoom(id: room, loop: self)
        homeRooms[room] = home
        shared.logger.info("room opened", metadata: ["room": "\(room.shortDescription)"])
        home.handle(request, from: connection)
        closeIfOver(home)
    }

    private func closeIfOver(_ home: HomeRoom) {
        guard home.isOver, homeRooms.removeValue(forKey: home.id) != nil else { return }
        home.close()
        shared.rooms.wrappingSubtract(1, ordering: .relaxed)
        shared.logger.info("room closed", metadata: ["room": "\(home.id.shortDescription)"])
    }

    private func receive(_ delivery: Delivery) {
        switch delivery {
        case .broadcast(let room, let frame, let except, let instead):
            guard let local = localRooms[room] else { return }
            noteWork(in: local)
            if let except { local.noteSpeaker(except) }
            local.broadcast(
                frame, except: except.flatMap { $0.loop == index ? connections[$0] : nil },
                instead: instead)
        case .unicast(let room, let connection, let frame):
            guard let local = localRooms[room], let connection = connections[connection],
                connection.memberIndex >= 0
            else { return }
            noteWork(in: local)
            local.unicast(frame, to: connection)
        case .join(let room, let connection, let replay):
            guard let connection = connections[connection], connection.joined() else { return }
            let local = localRooms[room] ?? LocalRoom(room: room)
            localRooms[room] = local
            noteWork(in: local)
            local.add(connection, replay: replay)
            // What the client said early is heard after everybody knows that it is here.
            eventLoop.assumeIsolated().execute { connection.readFrames() }
        case .goodbye(let connection, let reason): connections[connection]?.goodbye(reason)
        }
    }

    private func noteWork(in local: LocalRoom) {
        if !local.hasWork { roomsWithWork.append(local) }
        scheduleTurnEnd()
    }

    /// Sends at once what was delivered to a room's connections here.
    func flushLocalRoom(_ room: RoomID) { localRooms[room]?.flush() }

    /// A connection leaves the part of its room that is here.
    func leaveLocalRoom(_ room: RoomID, _ connection: Connection) {
        guard let local = localRooms[room] else { return }
        local.remove(connection)
        if local.isEmpty { localRooms[room] = nil }
    }

    // MARK: What is held for connections

    func note(_ connection: Connection, holds: Bool) { queueWatch.note(connection, holds: holds) }

    /// An account is spent: seen to at the end of this turn, since now may be in the midst of
    /// sending to all of a room.
    func relieve(_ account: QueueAccount) {
        if queueWatch.isToRelieve(account) { scheduleTurnEnd() }
    }

    private func beginReliefs() {
        for account in queueWatch.beginReliefs() {
            for loop in 0..<shared.loopCount {
                send(.nameLargest(account, askedBy: index), to: loop)
            }
        }
    }

    private func sweepMemory() {
        let count = queueWatch.takeCutOffs()
        if count > 0 {
            shared.logger.notice(
                "connections for which the most was held were cut off",
                metadata: ["connections": "\(count)", "held": "\(shared.queues.all.held)"])
        }
        guard index == 0 else { return }
        let held = shared.queues.all.held + shared.store.bytes
        if memoryTrim.isDue(held: held, now: now) { MemoryTrim.run() }
    }

    // MARK: Splices

    func showToken(_ key: SpliceTable.Key, by connection: ConnectionID) {
        send(.showToken(key, connection), to: shared.home(of: key.room))
    }

    func tokenLost(_ key: SpliceTable.Key, by connection: ConnectionID) {
        send(.tokenLost(key, connection), to: shared.home(of: key.room))
    }

    func tellSplice(_ connection: ConnectionID, _ event: SpliceEvent) {
        send(.splice(connection, event), to: connection.loop)
    }

    private func receive(_ event: SpliceEvent, for connection: ConnectionID) {
        if let connection = connections[connection] {
            connection.splice(event)
        } else if case .joined(let peer) = event {
            // Gone while its token was matched: the other end must not wait for it.
            tellSplice(peer, .lost)
        }
    }

    private func show(_ key: SpliceTable.Key, by connection: ConnectionID) {
        switch splices.show(key, by: connection, now: .now()) {
        case .wait: break
        case .join(let first):
            tellSplice(first, .joined(with: connection))
            tellSplice(connection, .joined(with: first))
        case .tokenUsed: tellSplice(connection, .refused(.tokenUsed))
        case .full: tellSplice(connection, .refused(.full))
        }
    }

    // MARK: Deadlines

    private func sweep() {
        now = .now()
        turns.sweep()
        for connection in Array(connections.values) { connection.sweep(now: now) }
        for home in Array(homeRooms.values) {
            home.sweep(now: now)
            closeIfOver(home)
        }
        for connection in splices.sweep(now: now) { tellSplice(connection, .refused(.timeout)) }
        sweepMemory()
    }
}
