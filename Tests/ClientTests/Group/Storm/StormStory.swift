import MLS
import Wire

@testable import Client

/// What people do in a storm, and what must hold when it is over.
extension Storm {
    /// So many live at once at most.
    static let crowd = 9

    /// Something happens, by chance.
    func act() {
        steps += 1
        let inside = clients.filter { $0.isInside && $0.end == nil && !$0.isLeaving }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12: arrive()
        case 12..<52: if let one = someone { talk(one) }
        case 52..<58: if clients.count > 2, let one = someone { leave(one) }
        case 58..<61:
            if clients.count > 2, let one = someone { note("p\(one.number) vanishes"); vanish(one) }
        case 61..<78: if let link = someone?.link { note("cut \(link)"); cut(link) }
        case 78..<82: rename(inside)
        case 82..<84: remove(inside)
        case 84..<86: killDoorkeeper(inside)
        case 86..<87: restartOrReset()
        case 87..<89: rooms[rooms.count - 1].server.window = chance(50) ? 8 : 10_000
        case 89..<93: decide(inside)
        case 93..<94: loseEntries()
        case 94..<97 where hasOutsiders: disturb(inside)
        default: advance(span(1000...9000))
        }
        advance(chance(30) ? .zero : span(0...1200))
        settleEnds()
    }

    var someone: StormClient? {
        clients.filter { $0.end == nil && !$0.isLeaving }.randomElement(using: &random)
    }

    private func arrive() {
        for _ in 0..<(chance(15) ? 5 : 1) where clients.count < Self.crowd {
            // Some are in twice.
            let twin = chance(10) ? someone : nil
            let client = join(room: rooms.count - 1, identity: twin?.identity ?? Client.Identity())
            note("p\(client.number) arrives")
        }
    }

    private func talk(_ client: StormClient) {
        let count = chance(10) ? 12 : Int.random(in: 1...2, using: &random)
        for _ in 0..<count { sayNext(client) }
    }

    private func leave(_ client: StormClient) {
        note("p\(client.number) leaves")
        client.isLeaving = true
        client.queue.append(.init(id: 0, bytes: Content.bye.encoded))
        pump(client)
    }

    private func rename(_ inside: [StormClient]) {
        guard let one = inside.randomElement(using: &random) else { return }
        one.name = "q\(random.next() % 1000)"
        wish(.rename(Array(one.name.utf8)), one)
    }

    private func remove(_ inside: [StormClient]) {
        guard inside.count > 3, let one = inside.randomElement(using: &random),
            let other = inside.randomElement(using: &random), let gone = other.attachment,
            other.room == one.room, other.identity.publicKey != one.identity.publicKey
        else { return }
        note("p\(one.number) removes p\(other.number)")
        wish(.remove(gone), one)
        // Another wants somebody out at the same moment.
        if chance(30), let third = inside.randomElement(using: &random), third !== one,
            let fourth = inside.randomElement(using: &random), let gone = fourth.attachment,
            fourth.room == third.room
        {
            note("p\(third.number) removes p\(fourth.number)")
            wish(.remove(gone), third)
        }
        guard chance(40) else { return }
        advance(span(0...1500))
        guard one.end == nil, clients.count > 2 else { return }
        note("p\(one.number) dies while it removes")
        vanish(one)
    }

    private func restartOrReset() {
        guard chance(40) else { return }
        if chance(50) {
            note("the server dies")
            restart(room: rooms.count - 1)
        } else {
            note("the log begins anew")
            reset(room: rooms.count - 1)
        }
    }

    private func killDoorkeeper(_ inside: [StormClient]) {
        let keeper = inside.first {
            !($0.group.membership?.door.queue.isEmpty ?? true)
                || $0.group.membership?.proposed != nil
        }
        guard let keeper, clients.count > 2 else { return }
        note("p\(keeper.number) dies at work")
        vanish(keeper)
    }

    /// Those who are here are told that entries are gone; who is away never hears of them.
    private func loseEntries() {
        note("entries are gone")
        rooms[rooms.count - 1].server.loseEntries()
        flush(room: rooms.count - 1)
    }

    private func decide(_ inside: [StormClient]) {
        for one in inside {
            guard let member = one.asking.first else { continue }
            let admits = chance(80)
            note("p\(one.number) decides \(admits) about \(member.attachment.number % 10_000)")
            wish(admits ? .admit(member.attachment) : .refuse(member.attachment), one)
            return
        }
    }

    private func wish(_ wish: GroupWish, _ client: StormClient) {
        guard let steps = try? client.group.perform(wish, now: now) else { return }
        perform(steps, of: client)
    }

    /// Those who were removed or turned away go; those who were told of another room go there.
    private func settleEnds() {
        for client in clients {
            switch client.end {
            case nil: break
            case .moved(let secret)?: move(client, to: secret)
            case .left?, .removed?, .turnedAway?:
                if let link = client.link { say(.leave, on: link) }
                clients.removeAll { $0 === client }
            }
        }
    }

    // MARK: Quiet

    /// Nothing breaks any more, everybody is back, and all that was begun is finished.
    func becomeQuiet() {
        note("quiet")
        for room in rooms.indices { rooms[room].server.window = 10_000 }
        var moves = now
        for number in links.keys.sorted() { links[number]?.lag = .milliseconds(20) }
        let limit = now + .seconds(400)
        sendAwayOutsiders()
        repeat {
            if now >= moves {
                leaveOldRooms()
                comeAgain()
                moves = now + .seconds(60)
            }
            for client in clients where client.link == nil { client.connectsAt = now }
            admitAll()
            advance(.milliseconds(250))
            settleEnds()
        } while problems.isEmpty && now < limit && !isQuiet
        if problems.isEmpty, !isQuiet { fail("no quiet: \(clients.map(describe))") }
    }

    /// Who was not told of a move asks a person for the new link.
    private func leaveOldRooms() {
        for client in clients where client.room != rooms.count - 1 && client.end == nil {
            move(client, to: rooms[rooms.count - 1].secret)
        }
    }

    /// Whoever is alone in a conversation of their own, and was told of another, joins again.
    private func comeAgain() {
        guard clients.count > 1 else { return }
        for client in clients where client.end == nil {
            let isAlone = client.group.membership?.group.memberCount == 1
            guard isAlone, client.warnings.contains(where: { $0.kind == .secondConversation })
            else { continue }
            note("p\(client.number) joins again")
            client.warnings = []
            move(client, to: client.secret)
        }
    }

    func admitAll() {
        for one in clients where one.isInside && one.end == nil {
            for member in one.asking { wish(.admit(member.attachment), one) }
        }
    }

    private var isQuiet: Bool {
        rooms[rooms.count - 1].server.members.count == clients.count
            && links.values.allSatisfy { $0.up.isEmpty && $0.down.isEmpty }
            && clients.allSatisfy { client in
                guard let membership = client.group.membership else { return false }
                return client.end == nil && client.link != nil && !client.isBusy
                    && membership.proposed == nil && membership.leavers.isEmpty
                    && client.group.removals.isEmpty
                    && membership.owed == nil && membership.newName == nil
            }
    }

    private func describe(_ client: StormClient) -> String {
        let group = client.group
        return """
            p\(client.number) in \(client.isInside) link \(String(describing: client.link)) \
            queue \(client.queue.count) flights \(client.flights.count) end \
            \(String(describing: client.end)) proposed \(group.membership?.proposed != nil) \
            leavers \(group.membership?.leavers.count ?? 0) epoch \
            \(group.membership?.group.epoch ?? 0) log epoch \(group.logEpoch) room \(client.room) \
            seeking \(String(describing: group.seeking?.nextKnock)) record \
            \(String(describing: group.membership?.record.claim?.part)) recovery \
            \(String(describing: group.membership?.duties.recovery)) \(group.recoveries)
            """
    }

    /// What must hold when all is quiet.
    func expectAgreement() {
        guard problems.isEmpty else { return }
        for words in ledger.unheard() { fail(words) }
        for client in clients where client.owesMoveFrom == client.room {
            fail("p\(client.number) stayed where somebody who was taken out can come in")
        }
        expectRosters()
        let origins = Set(records.map(\.origin))
        if records.count > origins.count { fail("they have different records of the log") }
    }

    /// What the live members have of the log, one for all if they agree.
    private var records: Set<LogClaim> {
        var claims = Set<LogClaim>()
        for client in clients where client.end == nil {
            guard var claim = client.group.membership?.record.claim else { continue }
            // Where a record began is one for all, from where somebody has it is not.
            claim.part = claim.origin == 0 ? nil : .init(origin: claim.origin, since: 0)
            claims.insert(claim)
        }
        return claims
    }

    /// Whatever they missed, all have one record soon after everybody has said a word; or another,
    /// if those leave who had an older one.
    func expectOneRecord() {
        for _ in 0..<3 where problems.isEmpty && records.count > 1 {
            advance(.seconds(30))
            callTheRoll()
        }
        guard problems.isEmpty, records.count > 1 else { return }
        fail("\(records.count) records of the log: \(clients.map(describe))")
    }

    /// All are in one epoch and know each other.
    func expectRosters() {
        let live = clients.filter { $0.end == nil }
        guard let first = live.first?.group.membership else { return }
        for client in live {
            guard let membership = client.group.membership else { continue }
            if membership.group.epochAuthenticator != first.group.epochAuthenticator {
                fail("p\(client.number) is in another epoch: \(live.map(describe))")
            }
            if Set(membership.roster.attachments) != Set(live.compactMap(\.attachment)) {
                fail("p\(client.number) has another roster")
            }
            for other in live {
                let name = other.attachment.flatMap { membership.roster[$0]?.name }
                if name != Array(other.name.utf8) { fail("p\(client.number): a wrong name") }
            }
        }
    }

    /// Everybody says a word, and everybody else hears it.
    func callTheRoll() {
        let live = clients
        let before = live.map { $0.heard.count }
        for client in live { sayNext(client) }
        becomeQuiet()
        guard problems.isEmpty, clients.count == live.count else { return }
        for (client, count) in zip(live, before) where client.heard.count - count < live.count - 1 {
            fail("p\(client.number) does not hear everybody")
        }
    }
}
