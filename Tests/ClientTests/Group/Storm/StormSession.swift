import MLS
import Wire

@testable import Client

/// What a session does between a connection and a group.
extension Storm {
    func receive(_ frame: ServerFrame, _ client: StormClient) {
        let group = client.group
        switch frame {
        case .attached(let attached): self.attached(attached, client)
        case .entry(let entry):
            if isStrict, let link = client.link, entry.sequence <= client.position?.sequence ?? 0 {
                // No server sends what was there before: the connection is given up.
                return cut(link)
            }
            client.position?.sequence = entry.sequence
            if let log = client.position?.log {
                ledger.came(entry.payload, at: entry.sequence, in: log)
            }
            pass(entry, isOwn: entry.sender == client.attachment, client)
        case .appended(let appended): self.appended(appended, client)
        case .conflict(let id, let epoch):
            guard let flight = land(id, client) else { return }
            if case .group(let ticket) = flight.origin {
                perform(group.settled(ticket, .conflict(epoch: epoch), now: now), of: client)
            }
        case .presence(let presence):
            perform(group.presence(presence, now: now), of: client)
        case .reset(let position):
            client.startAnew()
            client.position = position
            perform(group.reset(to: position, now: now), of: client)
        case .gap(let gap):
            if gap.through <= client.position?.sequence ?? 0 {
                if isStrict, let link = client.link { cut(link) }
                return
            }
            client.position?.sequence = gap.through
            note("p\(client.number) has a gap")
            perform(group.gap(now: now), of: client)
        case .knocked(let knock): perform(group.knocked(knock, now: now), of: client)
        case .answered(let answer):
            let held = group.seeking?.held ?? []
            perform(group.answered(answer, now: now), of: client)
            for item in held where item.kind == .message && !item.isOwn {
                ledger.witness(client, item.payload, wasInside: client.isInside)
            }
        case .unanswered: perform(group.unanswered(now: now), of: client)
        case .challenge, .refused, .unavailable, .pong, .degraded, .restored, .spliced, .goodbye:
            break
        }
        if now >= client.isCaughtUpAt {
            group.caughtUp(to: now - Self.longestLag, now: now)
        }
        pump(client)
    }

    private func attached(_ attached: ServerFrame.Attached, _ client: StormClient) {
        note("p\(client.number) \(attached.standing) as \(attached.attachment.number % 10_000)")
        client.isAttached = true
        client.isCaughtUpAt = now + Self.longestLag
        client.token = attached.token
        client.attachment = attached.attachment
        client.position = attached.position
        if attached.standing != .resumed { client.startAnew() }
        perform(client.group.attached(attached, now: now), of: client)
        guard attached.standing == .resumed, let link = client.link else { return }
        for flight in client.flights { say(.append(flight.append), on: link) }
    }

    private func land(_ id: AppendID, _ client: StormClient) -> StormClient.Flight? {
        guard let index = client.flights.firstIndex(where: { $0.append.id == id }) else {
            return nil
        }
        return client.flights.remove(at: index)
    }

    private func appended(_ appended: ServerFrame.Appended, _ client: StormClient) {
        guard let flight = client.flights.first(where: { $0.append.id == appended.id }),
            let attachment = client.attachment
        else { return }
        if !appended.duplicate {
            client.position?.sequence = appended.sequence
            let entry = ServerFrame.Entry(
                sequence: appended.sequence, sender: attachment, kind: flight.append.kind,
                payload: flight.append.payload)
            pass(entry, isOwn: true, client)
        }
        guard let landed = land(appended.id, client) else { return }
        if case .group(let ticket) = landed.origin {
            let outcome = Client.AppendOutcome.accepted(sequence: appended.sequence)
            perform(client.group.settled(ticket, outcome, now: now), of: client)
        }
    }

    /// Hands an entry to the group, and keeps account of what became of it.
    private func pass(_ entry: ServerFrame.Entry, isOwn: Bool, _ client: StormClient) {
        let wasInside = client.isInside
        let steps = client.group.entry(
            LogEntry(
                sequence: entry.sequence, sender: entry.sender, kind: entry.kind,
                payload: entry.payload, isOwn: isOwn), now: now)
        let again = steps.contains { if case .sayAgain = $0 { true } else { false } }
        if isOwn, entry.kind == .message {
            if again { sayAgain(entry.payload, client) }
            if !again, wasInside, client.end == nil {
                ledger.landed(entry.payload)
                keep(entry, client)
            }
        }
        perform(steps, of: client)
        if !isOwn, entry.kind == .message {
            ledger.witness(client, entry.payload, wasInside: wasInside)
        }
    }

    /// Remembers what it said, as a session does.
    private func keep(_ entry: ServerFrame.Entry, _ client: StormClient) {
        guard let saying = ledger.seals[entry.payload]?.saying, let log = client.position?.log,
            case .text(let part)? = try? Content.decode(saying.bytes)
        else { return }
        client.said.keep(
            Outbox.Decided(
                message: part.message, places: [entry.sequence], isWhole: true, style: .said,
                bytes: part.bytes), in: log, audience: client.group.audience, now: now)
    }

    private func repeatUnheard(by heard: [HeardLog], _ client: StormClient) {
        guard let log = client.position?.log else { return }
        let again = client.said.takeUnheard(by: heard, in: log, now: now)
            .filter { client.said.isFor(client.group.present, $0.id) }
        let sayings = again.map { message in
            StormClient.Saying(
                id: Int(message.id.number),
                bytes: Content.text(
                    Content.TextPart(
                        message: message.id, index: 0, count: 1, bytes: message.bytes)
                ).encoded)
        }
        note("p\(client.number) says \(sayings.count) again")
        client.queue.insert(contentsOf: sayings, at: 0)
    }

    private func sayAgain(_ payload: [UInt8], _ client: StormClient) {
        guard let index = client.flights.firstIndex(where: { $0.append.payload == payload }),
            case .saying(let saying) = client.flights[index].origin
        else { return }
        client.flights[index].origin = .spent
        let place = client.queue.firstIndex { $0.id > saying.id } ?? client.queue.count
        client.queue.insert(saying, at: place)
    }

    /// Seals and sends while there is room.
    func pump(_ client: StormClient) {
        guard let link = client.link, client.end == nil else { return }
        while client.group.isReady, client.flights.count < StormClient.window,
            let saying = client.queue.first,
            let payload = try? client.group.seal(saying.bytes, now: now)
        {
            client.queue.removeFirst()
            ledger.sealed(saying, payload, by: client)
            launch(payload, .message, 0, .saying(saying), client, link)
        }
        if client.isLeaving, !client.isBusy {
            say(.leave, on: link)
            clients.removeAll { $0 === client }
        }
    }

    private func launch(
        _ payload: [UInt8], _ kind: EntryKind, _ epoch: UInt64,
        _ origin: StormClient.Flight.Origin, _ client: StormClient, _ link: Int
    ) {
        let append = ClientFrame.Append(
            id: .random(using: &random), kind: kind, epoch: epoch, payload: payload)
        client.flights.append(.init(append: append, origin: origin))
        guard client.isAttached else { return }
        say(.append(append), on: link)
    }

    // MARK: What a group wants

    func perform(_ steps: [GroupStep], of client: StormClient) {
        defer { ledger.noteStay(of: client) }
        client.stepCount += steps.count
        for step in steps {
            if case .news(let news) = step { tell(news, client) }
            if case .repeatUnheard(let heard) = step { repeatUnheard(by: heard, client) }
            guard let link = client.link else { continue }
            if case .append(let ticket, let kind, let epoch, let payload) = step {
                launch(payload, kind, epoch, .group(ticket), client, link)
            }
            guard client.isAttached else { continue }
            switch step {
            case .knock(let payload): say(.knock(payload), on: link)
            case .answer(let knocks, let payload):
                say(.answer(.init(knocks: knocks, payload: payload)), on: link)
            case .ready(let isReady): say(.ready(isReady), on: link)
            case .append, .sayAgain, .repeatUnheard, .news: break
            }
        }
        pump(client)
    }

    private func tell(_ news: GroupNews, _ client: StormClient) {
        switch news {
        case .entered(_, let others, _):
            client.stay += 1
            client.since = nil
            client.lastHeard = 0
            note("p\(client.number) is in with \(others.count)")
        case .fellOut:
            client.since = nil
            note("p\(client.number) fell out")
            // They are gone for the others already.
            if client.isLeaving { client.end = .left }
        case .content(let sender, let bytes, let sequence):
            heard(bytes, sender, sequence, client)
        case .received(let member, _, let through): received(member, through, client)
        case .warning(let kind, let about):
            client.warn(kind, about: about)
            if !hasLies, !isNoMistake(kind, client) {
                let author = clients.first { $0.attachment == about }.map { "p\($0.number)" }
                fail("p\(client.number) was warned: \(kind), of \(author ?? "nobody here")")
            }
        case .newcomer(let member): client.asking.append(member)
        case .decided(let newcomer, _):
            client.asking.removeAll { $0.attachment == newcomer }
        case .removedUs:
            client.end = .removed
            note("p\(client.number) was removed")
        case .turnedAway: client.end = .turnedAway
        case .moved(let secret, _, _):
            client.end = .moved(secret)
            client.owesMoveFrom = nil
            note("p\(client.number) is told of a move")
            if let group = client.since?.group {
                let first = destinations.updateValue(secret, forKey: group)
                if let first, first.bytes != secret.bytes { fail("a room moved to two places") }
            }
        case .outside(let why): note("p\(client.number) outside: \(why)")
        case .left(_, removedBy: _?): client.owesMoveFrom = client.room
        case .missed(let count):
            if !hasLies { fail("p\(client.number) missed \(count)") }
        case .lost(let count):
            client.isToldOfLoss = true
            note("p\(client.number) is told that it lost \(String(describing: count))")
        case .joined, .left, .renamed, .lacks: break
        }
    }

    /// Outsiders are told of; and where members decide, so is a conversation beside theirs, of somebody
    /// who was first when the log began anew and has to come again.
    private func isNoMistake(_ kind: RoomWarning.Kind, _ client: StormClient) -> Bool {
        switch kind {
        case .outsider: hasOutsiders
        case .strangersFirst, .secondConversation: rooms[client.room].needsApproval
        default: false
        }
    }

    private func heard(
        _ bytes: [UInt8], _ sender: AttachmentID, _ sequence: UInt64, _ client: StormClient
    ) {
        guard let log = client.position?.log, let sealed = ledger.seal(at: sequence, in: log),
            let own = client.attachment
        else { return fail("p\(client.number) heard what nobody said") }
        if sealed.saying.bytes != bytes || sealed.sender != sender {
            fail("p\(client.number) heard something else than was said")
        }
        if !sealed.readers.contains(own) {
            fail("p\(client.number) heard m\(sealed.saying.id), which was not for it")
        }
        if sequence <= client.lastHeard { fail("p\(client.number) heard out of order") }
        client.lastHeard = sequence
        client.heard[sealed.saying.id, default: 0] += 1
    }

    private func received(_ member: AttachmentID, _ through: UInt64, _ client: StormClient) {
        guard let other = clients.first(where: { $0.attachment == member }),
            other.room == client.room, let position = other.position,
            // Places of two logs cannot be compared.
            position.log == client.position?.log
        else { return }
        if position.sequence < through, !hasLies {
            fail("p\(other.number) is said to have what it has not")
        }
    }
}
