package import Folder
package import Wire

/// One person in one room: the library behind every face of the client.
///
/// The actor holds three state machines (the session with the server, the conversation, the desk of
/// transfers), carries out the actions that they return, and does no work of its own.
package actor ChatClient {
    /// Everything that happens, in order. Read by one face; finishes when `run` returns. Who does not
    /// read it leaves the network unread once a few thousand events wait.
    package nonisolated let events: AsyncStream<ClientEvent>

    let connector: any Connector
    let clock: ClientClock
    let identity: Identity
    let agent: String
    let options: RoomOptions
    let hostsRoom: Bool
    let archive: (any PeopleArchive)?
    /// It was said that known people cannot be kept.
    var hasArchiveFailed: Bool
    let makeGroup: GroupFactory
    let random: any RandomNumberGenerator & Sendable
    let queue: EventQueue
    private let sources: SharedFolders
    var session: RoomSession
    var conversation: Conversation
    var desk: TransferDesk
    var move = MoveUnderWay()
    /// Nil for whoever waits for guests.
    var solitude: Solitude?

    var outgoing: [ClientFrame] = []
    var outgoingBytes = 0
    var outgoingSignal: AsyncStream<Void>.Continuation?
    var closing: AsyncStream<Never>.Continuation?
    var isCloseWanted = false
    var timerSignal: AsyncStream<Never>.Continuation?
    var sleepingUntil: Duration?
    var jobEnds: [TransferToken: JobEnds] = [:]
    let connects = AsyncStream<Void>.makeStream()
    let jobs = AsyncStream<Job>.makeStream()
    let ending = AsyncStream<Never>.makeStream()

    /// Message ids count up from a random start, so that receivers know what was said earlier.
    private let run = UInt64.random(in: .min ... .max)
    private var messageCount: UInt64 = 0
    private(set) var hasEnded = false
    private var failure: ClientFailure?
    private var leaveWaiters: [CheckedContinuation<Void, Never>] = []
    private var isRunning = false

    /// - Parameters:
    ///   - folder: where received files go; without one none can be accepted.
    ///   - sources: where files to be sent may be.
    ///   - clock: time; another one for tests.
    ///   - random: chance; another one for tests that repeat. Keys and nonces never come from it.
    ///   - archive: where known people are kept; it is read now.
    ///   - wallClock: the time of day; another one for tests.
    ///   - group: makes the group of each room that is entered.
    init(
        configuration: ClientConfiguration, link: RoomSecret, identity: Identity,
        connector: any Connector, folder: DestinationFolder?,
        sources: SharedFolders = .anywhere, archive: (any PeopleArchive)? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        wallClock: WallClock = .system, group: @escaping GroupFactory
    ) {
        self.connector = connector
        self.sources = sources
        self.clock = ClientClock(clock)
        self.identity = identity
        self.random = random
        agent = configuration.agent
        options = configuration.options
        hostsRoom = configuration.hostsRoom
        solitude = hostsRoom ? nil : Solitude()
        self.archive = archive
        makeGroup = group
        let name = PersonName.fitting(configuration.name)
        session = RoomSession(
            access: link.accessKey, agent: configuration.agent,
            group: group(
                GroupSetting(
                    secret: link, identity: identity, name: Array(name.utf8),
                    options: configuration.options, wallClock: wallClock.now, random: random)),
            patience: configuration.patience, random: random)
        let me = Person(attachment: AttachmentID(0), name: name, keyTag: identity.keyTag)
        let (known, problem) = Self.known(from: archive)
        hasArchiveFailed = problem != nil
        conversation = Conversation(me: me, wallClock: wallClock, known: known)
        desk = TransferDesk(folder: folder, random: random)
        let queue = EventQueue()
        self.queue = queue
        events = AsyncStream { await queue.next() }
        if let problem { queue.push(.notice(problem)) }
    }

    /// - Parameters:
    ///   - folder: where received files go; without one none can be accepted.
    ///   - archive: where known people are kept; it is read now.
    package init(
        configuration: ClientConfiguration, link: RoomSecret, identity: Identity,
        connector: any Connector, folder: DestinationFolder?,
        sources: SharedFolders = .anywhere, archive: (any PeopleArchive)? = nil
    ) {
        self.init(
            configuration: configuration, link: link, identity: identity, connector: connector,
            folder: folder, sources: sources, archive: archive, group: Self.group)
    }

    /// The group that a room has unless a test wants another.
    static let group: GroupFactory = { MLSRoomGroup($0) }

    /// Connects and stays in the room, through broken connections, until `leave`, cancellation or
    /// a failure that no retry can mend, which it throws as `ClientFailure`.
    ///
    /// Called once.
    package func run() async throws {
        precondition(!isRunning, "a client runs once")
        isRunning = true
        session.start(now: clock.now())
        drain()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepConnected() }
            group.addTask { await self.keepTime() }
            group.addTask { await self.runJobs() }
            group.addTask { [ending] in for await _ in ending.stream {} }
            await group.next()
            group.cancelAll()
        }
        let wasCancelled = !hasEnded
        finish(nil)
        queue.finish()
        if let failure { throw failure }
        if wasCancelled { throw CancellationError() }
    }

    /// All is over: nothing more is done, and who waits for it goes on.
    func finish(_ failure: ClientFailure?) {
        guard !hasEnded else { return }
        hasEnded = true
        self.failure = failure
        desk.endAll()
        for case .event(let event) in desk.takeActions() { queue.push(event) }
        ending.continuation.finish()
        if !isRunning { queue.finish() }
        for waiter in leaveWaiters { waiter.resume() }
        leaveWaiters = []
    }

    // MARK: What a person asks for

    /// Says something to the room; returns when it is queued. `.sent` follows with the same id.
    ///
    /// - Parameter isAction: whether it is what the person does rather than says.
    package func say(
        _ text: String, isAction: Bool = false
    ) throws(ClientRefusal) -> MessageID {
        let bytes = Array(text.utf8)
        guard bytes.count <= MessageJoiner.maximumMessage else {
            throw .messageTooLong(limit: MessageJoiner.maximumMessage)
        }
        guard !session.isOver, !hasEnded else { throw .left }
        guard session.outbox.bytesQueued + bytes.count <= Outbox.maximumQueued else {
            throw .queueFull(limit: Outbox.maximumQueued)
        }
        messageCount += 1
        let id = MessageID(number: UInt128(run) << 64 | UInt128(messageCount))
        session.enqueue(.text(id, isAction ? .action : .said, bytes), now: clock.now())
        drain()
        return id
    }

    /// Offers a file to the room, or to one person: now or, when many are open or nobody is here,
    /// later. `.offered` follows with the same number, and at the end `.settled`.
    package func offer(
        path: String, to person: AttachmentID?
    ) throws(ClientRefusal) -> OfferNumber {
        if let person, !conversation.people.isPresent(person) { throw .noSuchPerson }
        let source: SourceFile
        do throws(FolderError) {
            source = try sources.open(path)
        } catch { throw .file(error.sentence) }
        let people = conversation.people
        let number = try desk.offer(
            source, path: path, to: person.map(people.person), people: people, now: clock.now())
        drain()
        return number
    }

    /// Takes an offered file, or goes on with one that failed and whose part was kept.
    package func accept(_ offer: OfferNumber) throws(ClientRefusal) {
        try desk.accept(offer)
        drain()
    }

    package func decline(_ offer: OfferNumber) throws(ClientRefusal) {
        try desk.decline(offer)
        drain()
    }

    /// Ends a transfer of either direction, or takes back an offer.
    package func cancel(_ offer: OfferNumber) throws(ClientRefusal) {
        if desk.incoming[offer] != nil {
            try desk.cancelIncoming(offer)
        } else {
            try desk.cancelOutgoing(offer, people: conversation.people, now: clock.now())
        }
        drain()
    }

    /// Everybody known to be in the room, this client first.
    package var people: [Person] { conversation.people.all }

    /// Messages not yet acknowledged and transfers under way.
    package var unfinished: (messages: Int, transfers: Int) {
        (session.outbox.messageCount, desk.unfinishedCount)
    }

    /// Leaves in good order: what is queued is sent (bounded in time), the room is told, `run`
    /// returns.
    package func leave() async {
        guard !hasEnded else { return }
        session.leave(closesRoom: hostsRoom, now: clock.now())
        drain()
        guard !hasEnded else { return }
        await withCheckedContinuation { leaveWaiters.append($0) }
    }

    // MARK: Carrying out

    /// Carries out what the state machines want, until they want nothing more.
    func drain() {
        while true {
            let wanted = session.takeActions()
            let wantedByDesk = desk.takeActions()
            if wanted.isEmpty, wantedByDesk.isEmpty { break }
            for action in wanted { perform(action) }
            for action in wantedByDesk { perform(action) }
        }
        keepPeople()
        if !outgoing.isEmpty { outgoingSignal?.yield() }
        wakeTimerIfLate()
    }
}

package struct ClientConfiguration: Sendable {
    /// The name to be shown to others; what is beyond 64 bytes of UTF-8 is cut off.
    package var name: String
    /// Program and version, told to the server.
    package var agent: String
    /// What the room's link says about it; who is first makes the room so.
    package var options: RoomOptions
    /// The room's server is part of this program, and ends with it.
    package var hostsRoom: Bool
    /// After a server has not answered for so long, `run` gives up; nil for a person, who decides.
    package var patience: Duration?

    package init(
        name: String, agent: String, options: RoomOptions = .default, hostsRoom: Bool = false,
        patience: Duration? = nil
    ) {
        self.name = name
        self.agent = agent
        self.options = options
        self.hostsRoom = hostsRoom
        self.patience = patience
    }
}
