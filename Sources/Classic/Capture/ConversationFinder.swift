/// Makes of the frames of many connections what was said: once each, in order, with the key undone.
struct ConversationFinder {
    private let table: ConnectionTable
    private let start: UInt64
    /// Of connections in which something was found: the end that is the server.
    private let servers: [Int: Int]

    init(_ table: ConnectionTable, start: UInt64) {
        self.table = table
        self.start = start
        servers = Self.servers(of: table)
    }

    func conversations() -> [CaptureReport.Conversation] {
        let classic = servers.keys.sorted()
        let byServer = Dictionary(grouping: classic) { endpoint($0, isServer: true) }
        let found = byServer.values.flatMap { connections in
            keys(of: connections).map { conversation($0.connections, $0.key) }
        }
        return found.sorted { ($0.utterances.first?.time ?? 0) < ($1.utterances.first?.time ?? 0) }
    }

    /// Where a connection's beginning was not seen, the server is the end at which most meet.
    private static func servers(of table: ConnectionTable) -> [Int: Int] {
        let classic = table.connections.indices.filter { table.connections[$0].isClassic }
        let ends = classic.flatMap { table.connections[$0].ends }
        let counts = Dictionary(ends.map { ($0, 1) }, uniquingKeysWith: +)
        return Dictionary(
            uniqueKeysWithValues: classic.map { index in
                let connection = table.connections[index]
                if let server = connection.server { return (index, server) }
                let weights = connection.ends.map { (counts[$0] ?? 0, -Int($0.port)) }
                return (index, weights[0] >= weights[1] ? 0 : 1)
            })
    }

    private func endpoint(_ connection: Int, isServer: Bool) -> Endpoint {
        let server = servers[connection] ?? 0
        return table.connections[connection].ends[isServer ? server : 1 - server]
    }

    // MARK: Keys

    /// A server's connections by their key: a server that was started again has another one.
    private func keys(
        of connections: [Int]
    ) -> [(key: CaptureReport.Key, connections: [Int])] {
        let numbers = Dictionary(grouping: connections) { table.connections[$0].number }
        var groups: [CaptureReport.Key: [Int]] = [:]
        for (number, members) in numbers {
            if let number { groups[.seen(number: number)] = members }
        }
        guard let without = numbers[nil] else { return groups.map { ($0.key, $0.value) } }
        let members = Set(without)
        let bodies = table.events.filter { members.contains($0.connection) }.map(\.frame)
        let key = key(of: bodies, seen: groups.keys.compactMap(\.key))
        groups[key, default: []] += without
        return groups.map { ($0.key, $0.value) }
    }

    /// The key of connections that began before the capture.
    private func key(of frames: [FoundFrame], seen: [ClassicKey]) -> CaptureReport.Key {
        let messages = frames.filter { $0.kind == .message }
        // Of a file's piece the four lines are text.
        let bodies =
            messages.isEmpty ? frames.map { Array($0.body.prefix(32)) } : messages.map(\.body)
        let clock = ContinuousClock()
        var result: KeySearch.Result?
        let duration = clock.measure { result = KeySearch.search(bodies) }
        guard let result else { return seen.first.map { .seen(number: $0.number) } ?? .unknown }
        // Too little text is read by the key that others of this server were seen to get.
        if let key = seen.first, seen.contains(result.key) || !result.isSure {
            return .seen(number: (seen.contains(result.key) ? result.key : key).number)
        }
        return .searched(result, duration)
    }

    // MARK: What was said

    private func conversation(
        _ connections: [Int], _ key: CaptureReport.Key
    ) -> CaptureReport.Conversation {
        let connections = connections.sorted()
        let members = Set(connections)
        let events = table.events.enumerated()
            .filter { members.contains($0.element.connection) }
            .sorted { ($0.element.frame.time, $0.offset) < ($1.element.frame.time, $1.offset) }
            .map(\.element)
        return CaptureReport.Conversation(
            server: endpoint(connections[0], isServer: true),
            clients: connections.map { endpoint($0, isServer: false) }, key: key,
            resets: connections.count { table.connections[$0].wasReset },
            utterances: once(events).compactMap { utterance($0, key.key) })
    }

    /// What a message looks like on every connection on which it goes.
    private struct Looks: Hashable {
        let kind: ClassicHeader.Kind
        let length: Int
        let body: [UInt8]
    }

    /// One of possibly many times that the same was said.
    private struct Saying {
        let event: ConnectionTable.Event
        /// False when only what the server passed on is in the capture.
        let isFromClient: Bool
    }

    /// Whole frames of a length to which one in part is compared: more only take time.
    private static let mostCompared = 8

    /// Each message once: as a client said it, or, when that is not in the capture, as the server
    /// first passed it on.
    private func once(_ events: [ConnectionTable.Event]) -> [Saying] {
        var sayings: [Looks: [Saying]] = [:]
        // By connection, how many of the same were passed on there.
        var given: [Looks: [Int: Int]] = [:]
        var result: [Saying] = []
        for event in events {
            let looks = Looks(
                kind: event.frame.kind, length: event.frame.length, body: event.frame.body)
            let isFromClient = event.sender != servers[event.connection]
            if isFromClient {
                let saying = Saying(event: event, isFromClient: true)
                sayings[looks, default: []].append(saying)
                result.append(saying)
                continue
            }
            // Passed on: the next of these that was not said on this very connection.
            let all = sayings[looks] ?? []
            var next = given[looks]?[event.connection] ?? 0
            while next < all.count, all[next].isFromClient,
                all[next].event.connection == event.connection
            {
                next += 1
            }
            if next == all.count {
                let saying = Saying(event: event, isFromClient: false)
                sayings[looks, default: []].append(saying)
                result.append(saying)
            }
            given[looks, default: [:]][event.connection] = next + 1
        }
        return withoutPartial(result)
    }

    /// Leaves out what is there in part where the whole of it is there, too.
    private func withoutPartial(_ sayings: [Saying]) -> [Saying] {
        let whole = Dictionary(
            grouping: sayings.map(\.event.frame).filter(\.isWhole),
            by: { ClassicHeader(kind: $0.kind, length: $0.length) })
        return sayings.filter { saying in
            let frame = saying.event.frame
            guard let hole = frame.holes.first else { return true }
            let header = ClassicHeader(kind: frame.kind, length: frame.length)
            let beginning = frame.body.prefix(hole.place)
            return !(whole[header] ?? []).prefix(Self.mostCompared)
                .contains { $0.body.starts(with: beginning) }
        }
    }

    private func utterance(
        _ saying: Saying, _ key: ClassicKey?
    ) -> CaptureReport.Utterance? {
        guard let key, let content = content(saying.event.frame, key) else { return nil }
        let time = Int64(bitPattern: saying.event.frame.time &- start)
        let sender =
            saying.isFromClient
            ? endpoint(saying.event.connection, isServer: false) : nil
        return CaptureReport.Utterance(time: time, sender: sender, content: content)
    }

    /// Nil for a piece of a file that is not its first.
    private func content(_ frame: FoundFrame, _ key: ClassicKey) -> CaptureReport.Content? {
        let body = key.apply(frame.body)
        guard frame.kind == .file else { return .message(Self.parts(body, frame.holes)) }
        guard let piece = ClassicPiece.beginning(of: body)?.piece else { return .unreadable }
        guard piece.start == 0 else { return nil }
        return .file(sender: piece.sender, name: piece.fileName, size: piece.size)
    }

    private static func parts(
        _ body: [UInt8], _ holes: [FoundFrame.Hole]
    ) -> [CaptureReport.Part] {
        var parts: [CaptureReport.Part] = []
        var place = 0
        for hole in holes {
            if hole.place > place { parts.append(.bytes(Array(body[place..<hole.place]))) }
            parts.append(.missing(hole.count))
            place = hole.place
        }
        if place < body.count || parts.isEmpty { parts.append(.bytes(Array(body[place...]))) }
        return parts
    }
}
