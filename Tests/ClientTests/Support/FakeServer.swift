import Synchronization
import Wire

/// A small model of the server's semantics, in memory, that can be told to misbehave.
final class FakeServer: Sendable {
    /// What a server says and does when a frame comes, instead of what it should.
    typealias Intrusion = @Sendable (ClientFrame) -> [ServerFrame]?

    struct Member {
        var token: ResumeToken
        var link: FakeLink?
        var isReady = false
        var knocks: [KnockID] = []
    }

    struct Faults {
        /// Connections that are still to be cut, each after a random number of frames.
        var cuts = 0
        var framesBeforeCut = 1...40
        /// Transfers that are still to be cut, each after a random number of pieces.
        var transferCuts = 0
        var piecesBeforeCut = 1...12
        var isUp = true
        var intrusion: Intrusion?
        var cutsDone = 0
        var transferCutsDone = 0
        /// The end of what a transfer carries is dropped.
        var replayOverlap = false
        var mapTransfer: (@Sendable ([UInt8]) -> [UInt8])?
    }

    struct State {
        var log = LogID.random()
        var sequence: UInt64 = 0
        /// How far apart places of the log are: numbers increase and are not contiguous.
        var steps: ClosedRange<UInt64> = 1...3
        var epoch: UInt64 = 0
        var entries: [ServerFrame.Entry] = []
        var appended: [AppendID: UInt64] = [:]
        var members: [AttachmentID: Member] = [:]
        var lastAttachment: UInt64 = 0
        var lastKnock: UInt64 = 0
        var knocks: [KnockID: (newcomer: AttachmentID, doorkeeper: AttachmentID)] = [:]
        var random: SeededGenerator
        var faults = Faults()
        var waiting: [TransferToken: (end: FakeByteLink, spliced: Channel<Void>)] = [:]
        var usedTokens: Set<TransferToken> = []
        var links: [FakeLink] = []
        var spliced: [FakeByteLink] = []
        var appendCount = 0
        var knockCount = 0
        /// The room that the first who came is in; others are servers of their own behind this one.
        var room: RoomID?
        var otherRooms: [RoomID: FakeServer] = [:]
        /// The rooms for which transfers were made.
        var transferRooms: [RoomID] = []
    }

    let state: Mutex<State>
    let key = ServerKeyHash(ofPublicKey: [1, 2, 3])
    let clock: any Clock<Duration>

    init(seed: UInt64 = 1, clock: any Clock<Duration> = FastClock(factor: 20)) {
        state = Mutex(State(random: SeededGenerator(seed)))
        self.clock = clock
    }

    // MARK: Misfortune

    func setFaults(_ change: (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }
    var faults: Faults { state.withLock(\.faults) }
    var appendCount: Int { state.withLock(\.appendCount) }

    /// Every connection breaks now.
    func cutAll() {
        state.withLock { state in
            for link in state.links { disconnect(link, in: &state) }
            for end in state.spliced { end.cut() }
            state.spliced = []
        }
    }

    /// One person's connection breaks now.
    func cut(_ attachment: AttachmentID) {
        state.withLock { state in
            if let link = state.members[attachment]?.link { disconnect(link, in: &state) }
        }
    }

    /// The process dies and another one comes up: nothing is known any more.
    func restart() {
        state.withLock { state in
            for link in state.links { link.cut() }
            for end in state.spliced { end.cut() }
            var next = State(random: state.random, faults: state.faults)
            let last = state.lastAttachment
            next.room = state.room
            next.steps = state.steps
            state = next
            // Attachments of two lives must not be taken for one another by luck.
            state.lastAttachment = last + 1000
        }
    }

    /// Those who are away are forgotten: the resume window is over.
    func forgetAway() {
        state.withLock { state in
            for (id, member) in state.members where member.link == nil { remove(id, in: &state) }
        }
    }

    func stall(_ stalled: Bool) {
        state.withLock { state in for link in state.links { link.inbox.stall(stalled) } }
    }

    /// Says something to everybody that was never asked for.
    func inject(_ frames: [ServerFrame]) {
        state.withLock { state in
            for link in state.links { for frame in frames { link.deliver(frame) } }
        }
    }

    // MARK: Frames

    func accept() throws -> FakeLink {
        try state.withLock { state in
            guard state.faults.isUp else { throw ConnectionError.unreachable("fake:1") }
            let link = FakeLink(server: self)
            if state.faults.cuts > 0 {
                state.faults.cuts -= 1
                link.setBudget(
                    Int.random(in: state.faults.framesBeforeCut, using: &state.random))
            }
            state.links.append(link)
            return link
        }
    }

    func hang(up link: FakeLink) {
        state.withLock { disconnect(link, in: &$0) }
        if let home = link.home, home !== self { home.hang(up: link) }
    }

    /// The server of a room other than the first; nil while nobody was there.
    func other(_ room: RoomID) -> FakeServer? { state.withLock { $0.otherRooms[room] } }
    var otherRooms: [RoomID] { state.withLock { Array($0.otherRooms.keys) } }
    /// The log and the places of all that is in it.
    var everySequence: (LogID, [UInt64]) { state.withLock { ($0.log, $0.entries.map(\.sequence)) } }
    /// Those who have a place in the room, here or away.
    var attachments: Set<AttachmentID> { state.withLock { Set($0.members.keys) } }
    var transferRooms: [RoomID] { state.withLock(\.transferRooms) }

    /// Leads whoever attaches to another room there.
    private func lead(_ link: FakeLink, by frames: [ClientFrame]) {
        for case .attach(let attach) in frames where link.home == nil {
            let room = attach.proof.room
            link.home = state.withLock { state -> FakeServer? in
                if state.room == nil { state.room = room }
                guard state.room != room else { return nil }
                let known = state.otherRooms[room]
                let server = known ?? FakeServer(seed: state.random.next(), clock: clock)
                // Attachments of two rooms must not be taken for one another by luck.
                if known == nil { server.state.withLock { $0.lastAttachment = 5000 } }
                state.otherRooms[room] = server
                return server
            }
        }
    }

    /// - Throws: when the connection broke.
    func receive(_ frames: [ClientFrame], from link: FakeLink) throws {
        lead(link, by: frames)
        if let home = link.home, home !== self { return try home.receive(frames, from: link) }
        try state.withLock { state in
            for frame in frames {
                guard !link.isCut else { break }
                guard link.spend() else {
                    state.faults.cutsDone += 1
                    disconnect(link, in: &state)
                    break
                }
                if let answer = state.faults.intrusion?(frame) {
                    for frame in answer { link.deliver(frame) }
                } else {
                    handle(frame, from: link, in: &state)
                }
            }
            if link.isCut {
                disconnect(link, in: &state)
                throw ConnectionError.lost
            }
        }
    }

    private func handle(_ frame: ClientFrame, from link: FakeLink, in state: inout State) {
        switch frame {
        case .hello:
            link.deliver(
                .challenge(
                    ServerFrame.ServerHello(
                        challenge: link.challenge, resumeSeconds: 60, agent: [])))
        case .attach(let attach): self.attach(attach, link, in: &state)
        case .append(let append): self.append(append, link, in: &state)
        case .ready(let ready):
            guard let id = link.attachment else { return }
            state.members[id]?.isReady = ready
        case .knock(let payload): knock(payload, link, in: &state)
        case .answer(let answer):
            guard let id = link.attachment else { return }
            for knock in answer.knocks {
                guard let asked = state.knocks.removeValue(forKey: knock) else { continue }
                let answered = ServerFrame.Answered(doorkeeper: id, payload: answer.payload)
                state.members[asked.newcomer]?.link?.deliver(.answered(answered))
            }
        case .ping(let number): link.deliver(.pong(number))
        case .leave:
            guard let id = link.attachment else { return }
            link.deliver(.goodbye(.left))
            link.inbox.close()
            remove(id, in: &state)
        case .transfer: link.deliver(.goodbye(.protocolError))
        }
    }

    private func attach(
        _ attach: ClientFrame.Attach, _ link: FakeLink, in state: inout State
    ) {
        guard attach.proof.isValid(for: .attach, challenge: link.challenge, server: key) else {
            return link.deliver(.goodbye(.unauthorized))
        }
        if let resume = attach.resume, resume.after.log == state.log,
            let member = state.members[resume.attachment], member.token == resume.token
        {
            member.link?.cut()
            link.attachment = resume.attachment
            state.members[resume.attachment]?.link = link
            tell(link, .resumed, resume.after, in: &state)
            let from =
                state.faults.replayOverlap ? resume.after.sequence / 2 : resume.after.sequence
            for entry in state.entries where entry.sequence > from { link.deliver(.entry(entry)) }
            presence(resume.attachment, .here, in: &state)
            return
        }
        state.lastAttachment += 1
        let id = AttachmentID(state.lastAttachment)
        let standing: ServerFrame.Standing = state.members.isEmpty ? .founder : .newcomer
        state.members[id] = Member(token: .random(using: &state.random), link: link)
        link.attachment = id
        tell(link, standing, Position(log: state.log, sequence: state.sequence), in: &state)
        presence(id, .here, in: &state)
    }

    private func tell(
        _ link: FakeLink, _ standing: ServerFrame.Standing, _ position: Position,
        in state: inout State
    ) {
        guard let id = link.attachment, let member = state.members[id] else { return }
        let roster = state.members.filter { $0.key != id }.map {
            Presence(attachment: $0.key, state: $0.value.link == nil ? .away : .here)
        }
        link.deliver(
            .attached(
                ServerFrame.Attached(
                    standing: standing, attachment: id, token: member.token, position: position,
                    epoch: state.epoch, roster: roster)))
    }

    private func append(
        _ append: ClientFrame.Append, _ link: FakeLink, in state: inout State
    ) {
        guard let sender = link.attachment else { return }
        if let sequence = state.appended[append.id] {
            let again = ServerFrame.Appended(id: append.id, sequence: sequence, duplicate: true)
            return link.deliver(.appended(again))
        }
        if append.kind == .commit {
            guard append.epoch == state.epoch else {
                return link.deliver(.conflict(id: append.id, epoch: state.epoch))
            }
            state.epoch += 1
        }
        state.appendCount += 1
        state.sequence += UInt64.random(in: state.steps, using: &state.random)
        let entry = ServerFrame.Entry(
            sequence: state.sequence, sender: sender, kind: append.kind, payload: append.payload)
        state.entries.append(entry)
        state.appended[append.id] = state.sequence
        let ids = state.members.keys.sorted { $0.number < $1.number }
        for id in ids where id != sender { state.members[id]?.link?.deliver(.entry(entry)) }
        let answer = ServerFrame.Appended(
            id: append.id, sequence: state.sequence, duplicate: false)
        link.deliver(.appended(answer))
    }

    private func knock(_ payload: [UInt8], _ link: FakeLink, in state: inout State) {
        guard let newcomer = link.attachment else { return }
        state.knockCount += 1
        let ready = state.members.filter {
            $0.key != newcomer && $0.value.isReady && $0.value.link != nil
        }
        guard let doorkeeper = ready.keys.min(by: { $0.number < $1.number }) else {
            return link.deliver(.unanswered)
        }
        state.lastKnock += 1
        let id = KnockID(state.lastKnock)
        state.knocks[id] = (newcomer, doorkeeper)
        let knocked = ServerFrame.Knocked(knock: id, newcomer: newcomer, payload: payload)
        state.members[doorkeeper]?.link?.deliver(.knocked(knocked))
    }

    // MARK: Presence

    private func presence(_ id: AttachmentID, _ now: Presence.State, in state: inout State) {
        for (other, member) in state.members where other != id {
            member.link?.deliver(.presence(Presence(attachment: id, state: now)))
        }
    }

    private func disconnect(_ link: FakeLink, in state: inout State) {
        link.cut()
        state.links.removeAll { $0 === link }
        guard let id = link.attachment, state.members[id]?.link === link else { return }
        state.members[id]?.link = nil
        presence(id, .away, in: &state)
        for (knock, asked) in state.knocks where asked.doorkeeper == id {
            state.knocks[knock] = nil
            state.members[asked.newcomer]?.link?.deliver(.unanswered)
        }
    }

    private func remove(_ id: AttachmentID, in state: inout State) {
        state.members[id] = nil
        presence(id, .gone, in: &state)
    }
}
