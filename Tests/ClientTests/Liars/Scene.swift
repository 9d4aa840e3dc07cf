import Folder
import MLS
import Synchronization
import Testing
import Wire

@testable import Client

/// Whole clients, MLS groups and all, on a server that can lie, with what each of them sees on
/// screen and an account of what was really said.
final class Scene {
    let stage = Stage()
    let server: FakeServer
    let secret = RoomSecret()
    let options: RoomOptions
    private let lies = OnStage(Lies())
    private(set) var players: [Player] = []
    /// Everything that people said, in the order in which they did.
    private(set) var truth: [Screen.Line] = []
    private var wordCount = 0

    /// - Parameters:
    ///   - names: of people who are in from the beginning.
    ///   - hasFolders: whether each has a folder for files.
    init(_ names: String..., needsApproval: Bool = false, hasFolders: Bool = false) throws {
        options = RoomOptions(suite: 1, needsApproval: needsApproval)
        server = FakeServer(seed: 7, clock: stage.clock)
        // Between two places of the log there is room for what the server makes up.
        server.state.withLock { $0.steps = 100...300 }
        for name in names {
            join(name, folder: hasFolders ? try TemporaryFolder() : nil)
            pass(.seconds(1))
            for player in players where needsApproval { try player.admitAll() }
            pass(.seconds(3))
        }
        // Everybody's first renewal of keys, so that no commit comes by chance.
        pass(.seconds(40))
        for player in players {
            try #require(player.isInside, "\(player.name) is not in: \(player.screen.lines)")
            _ = player.news()
        }
    }

    deinit {
        for player in players { player.leaveAtOnce() }
        stage.settle()
    }

    subscript(name: String) -> Player {
        get throws { try #require(players.last { $0.name == name }) }
    }

    @discardableResult func join(
        _ name: String, folder: TemporaryFolder? = nil
    ) -> Player {
        let player = Player(
            name, identity: Client.Identity(), folder: folder, truth: truth.count, scene: self,
            lies: lies)
        players.append(player)
        stage.settle()
        return player
    }

    func pass(_ span: Duration) { stage.pass(span) }

    /// Somebody says something, which is at once in the log.
    func say(_ text: String, as player: Player) throws {
        truth.append(Screen.Line(name: player.called, text: text))
        try player.say(text)
    }

    // MARK: Lies

    /// What comes to people in place of what should.
    func showing(_ lie: @escaping (ServerFrame, String) -> [ServerFrame]) { lies.value.down = lie }

    /// What the server does with what people say.
    func hearing(_ lie: @escaping (ClientFrame, String) -> [ClientFrame]) { lies.value.up = lie }

    func splicing(_ lie: @escaping (TransferToken, String) -> TransferToken) {
        lies.value.token = lie
    }

    func streaming(_ lie: @escaping ([UInt8], TransferToken, String) -> [UInt8]) {
        lies.value.stream = lie
    }

    func beHonest() {
        let (links, last) = (lies.value.links, lies.value.last)
        lies.value = Lies(links: links, last: last)
    }

    /// Says something to somebody of the server's own accord.
    func invent(_ frames: [ServerFrame], for player: Player) {
        answer(frames, to: player.name)
        stage.settle()
    }

    /// The same, in the midst of a lie.
    func answer(_ frames: [ServerFrame], to name: String) {
        for frame in frames { lies.value.links[name]?.deliver(frame) }
    }

    /// Makes up an entry, at the next place of somebody's log.
    func invent(
        _ payload: [UInt8], _ kind: EntryKind = .message, by sender: AttachmentID,
        for player: Player
    ) {
        let sequence = (lies.value.last[player.name] ?? 0) + 1
        invent(
            [.entry(.init(sequence: sequence, sender: sender, kind: kind, payload: payload))],
            for: player)
    }

    // MARK: What must hold

    /// Nobody is shown what was not said, by another, twice or out of order without being told; and
    /// nothing is missing without a word on it.
    func expectHonestScreens(_ location: SourceLocation = #_sourceLocation) {
        for player in players where !player.isLiar {
            let shown = player.screen.said
            let real = Array(truth[player.comesAfter...])
            #expect(
                Set(shown).isSubset(of: real), "\(player.name) is shown what nobody said",
                sourceLocation: location)
            #expect(
                Set(shown).count == shown.count, "\(player.name) is shown something twice",
                sourceLocation: location)
            #expect(
                shown == real || player.screen.tellsOfALie,
                "\(player.name) is not told: \(player.screen.lines)", sourceLocation: location)
        }
    }

    /// The server is honest again: everybody hears everybody, and besides what is said here nothing
    /// happens on any screen but what is expected of each.
    func expectHealed(
        after span: Duration = .zero, _ location: SourceLocation = #_sourceLocation
    ) throws {
        beHonest()
        pass(span)
        for player in players { _ = player.news() }
        let start = truth.count
        for player in players where !player.isLiar {
            wordCount += 1
            try say("word \(wordCount)", as: player)
        }
        pass(.seconds(10))
        for player in players where !player.isLiar {
            #expect(
                player.screen.said.suffix(truth.count - start) == truth[start...],
                "\(player.name) does not hear all: \(player.screen.lines)",
                sourceLocation: location)
        }
        expectHonestScreens(location)
    }
}

/// One person of a scene.
final class Player {
    /// What the test calls them.
    let name: String
    /// What the others see them called.
    private(set) var called: String
    let keyTag: String
    /// Where their files are.
    let folder: TemporaryFolder?
    let client: ChatClient
    /// The members' talk that was over when they came.
    let comesAfter: Int
    /// What its client says is not to be trusted.
    var isLiar = false
    private let stage: Stage
    private let lies: OnStage<Lies>
    private let groups: OnStage<[LyingGroup]>
    private let seen = OnStage(Screen())
    private let ended = OnStage<(any Error)?>(nil)
    private var tasks: [Task<Void, Never>] = []

    fileprivate init(
        _ name: String, identity: Client.Identity, folder: TemporaryFolder?, truth: Int,
        scene: Scene, lies: OnStage<Lies>
    ) {
        self.name = name
        called = name
        keyTag = identity.keyTag
        self.folder = folder
        self.lies = lies
        comesAfter = truth
        stage = scene.stage
        let groups = OnStage<[LyingGroup]>([])
        self.groups = groups
        let clock = stage.clock
        let client = ChatClient(
            configuration: ClientConfiguration(
                name: name, agent: "test", options: scene.options), link: scene.secret,
            identity: identity,
            connector: LyingConnector(server: scene.server, name: name, lies: lies),
            folder: folder?.folder, clock: clock,
            random: SeededGenerator(UInt64(scene.players.count + 1)),
            wallClock: WallClock(
                now: { Scene.start + UInt64(clock.now.offset / .seconds(1)) }, offset: { _ in 0 }),
            group: {
                let group = LyingGroup($0)
                groups.value.append(group)
                return group
            })
        self.client = client
        tasks = [
            stage.start { [seen] in for await event in client.events { seen.value.show(event) } },
            stage.start { [ended] in
                do { try await client.run() } catch { ended.value = error }
            },
        ]
    }

    func leaveAtOnce() { for task in tasks { task.cancel() } }

    // MARK: What they see

    var screen: Screen { seen.value }
    /// The lines on screen since this was asked last.
    func news() -> [String] { seen.value.news() }
    /// Why the client ended.
    var failure: ClientFailure? { ended.value as? ClientFailure }

    // MARK: What they are

    /// The group of the room that they are in.
    var group: LyingGroup { groups.value[groups.value.count - 1] }
    var membership: Membership? { group.honest.membership }
    var isInside: Bool { membership != nil }
    var link: FakeLink? { lies.value.links[name] }
    var attachment: AttachmentID { link?.attachment ?? AttachmentID(0) }

    /// Whom they see in the room, themselves first.
    func people() throws -> [String] {
        try stage.run { [client] in await client.people.map(\.name) }
    }

    /// Who has their last message, and who has not.
    func receipts() throws -> (received: [String], missing: [String]) {
        try stage.run { [client] in
            let (received, missing) = await client.receipts
            return (received.map(\.name), missing.map(\.name))
        }
    }

    // MARK: What they do

    func say(_ text: String) throws {
        let id = try stage.run { [client] in try await client.say(text) }
        seen.value.queued(id, text)
    }

    func rename(to name: String) throws {
        called = name
        try stage.run { [client] in try await client.goBy(name) }
    }

    func remove(_ other: Player) throws {
        try stage.run { [client, attachment = other.attachment] in
            try await client.remove(attachment)
        }
    }

    func admitAll() throws {
        try stage.run { [client] in
            for newcomer in await client.newcomers { try await client.admit(newcomer.attachment) }
        }
    }

    /// Offers a file of these bytes to the room.
    func offer(_ bytes: [UInt8], as name: String) throws {
        let path = try #require(folder).write(bytes, as: name)
        _ = try stage.run { [client] in try await client.offer(path: path, to: nil) }
    }

    func accept(_ number: Int) throws {
        try stage.run { [client] in try await client.accept(OfferNumber(number)) }
    }

    func cancel(_ number: Int) throws {
        try stage.run { [client] in try await client.cancel(OfferNumber(number)) }
    }

    /// Appends an entry of a liar's making.
    func append(_ kind: EntryKind, _ payload: [UInt8]) throws {
        group.append(kind, payload)
        try act()
    }

    /// Does what its group was told to do.
    private func act() throws { try stage.run { [client] in try await client.rename(to: "?") } }

    /// Says something inside the group, as this member and under this claim.
    func speak(_ body: Envelope.Body, claim: LogClaim? = nil) throws {
        let envelope = Envelope(claim: claim, body: body).encoded
        try append(.message, try seal(envelope))
    }

    /// Application data as this member's client would seal it.
    func seal(_ bytes: [UInt8]) throws -> [UInt8] {
        let membership = try #require(membership)
        return try membership.group.encrypt(bytes).bytes
    }

    /// Takes others out, though nothing calls for it.
    func takeOut(_ others: [Player], _ purpose: Membership.Purpose) throws {
        let leaves = others.compactMap { membership?.roster.leaf(of: $0.attachment) }
        group.propose(leaves.map(Change.remove), purpose)
        try act()
    }

    /// Commits to something that this member's client would not, and stays where it is.
    func commit(_ changes: [Change], _ options: CommitOptions = CommitOptions()) throws {
        let membership = try #require(membership)
        let commit = try membership.group.commit(changes, options: options)
        try append(.commit, CommitEntry.commit(commit.message.bytes).encoded)
    }
}

extension Scene {
    /// Seconds since 1970 when a scene begins: 14:02 in Greenwich.
    static let start: UInt64 = 20_833 * 86_400 + 50_520
}
