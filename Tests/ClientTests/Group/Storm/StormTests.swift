import Foundation
import Testing
import Wire

@testable import Client

@Suite("A room in a storm", .serialized)
struct StormTests {
    /// Things that happen in one story.
    static let steps = 10_000
    /// Deeds between two quiet points.
    static let deeds = 40
    /// Others, such as `100...120`, by `STORM_SEEDS`.
    static let seeds: [UInt64] = {
        let wanted = ProcessInfo.processInfo.environment["STORM_SEEDS"] ?? "1...3"
        let ends = wanted.split(separator: ".").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
    }()

    @Test(
        "after each quiet point all agree, and everybody has what was said while they were in",
        .timeLimit(.minutes(5)), arguments: seeds)
    func story(seed: UInt64) async {
        let storm = Storm(seed: seed, needsApproval: seed % 4 == 0)
        storm.join(room: 0)
        while storm.steps < Self.steps, storm.problems.isEmpty {
            for _ in 0..<Self.deeds where storm.problems.isEmpty { storm.act() }
            storm.becomeQuiet()
            storm.expectAgreement()
            storm.callTheRoll()
            storm.expectOneRecord()
            storm.expectAgreement()
            // Other tests have their limits of time.
            await Task.yield()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }

    @Test(
        "so it is when somebody who has the link and is not in the room disturbs it",
        .timeLimit(.minutes(5)), arguments: [31, 32] as [UInt64])
    func outsiders(seed: UInt64) async {
        let storm = Storm(seed: seed, needsApproval: seed % 4 == 0)
        storm.hasOutsiders = true
        storm.join("ann")
        while storm.steps < Self.steps / 2, storm.problems.isEmpty {
            for _ in 0..<Self.deeds where storm.problems.isEmpty { storm.act() }
            storm.becomeQuiet()
            storm.expectAgreement()
            storm.callTheRoll()
            storm.expectOneRecord()
            storm.expectAgreement()
            await Task.yield()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }

    @Test(
        "fifty come at once while doorkeepers die, ten of them dying too, and all end in one epoch",
        .timeLimit(.minutes(5)))
    func crowd() async {
        let storm = Storm(seed: 5)
        storm.rooms[0].server.resumeTime = .seconds(3)
        storm.join("ann")
        storm.advance(.seconds(1))
        for _ in 0..<5 { storm.join() }
        storm.advance(.seconds(5))
        for _ in 0..<50 { storm.join() }
        for number in 0..<12 {
            storm.advance(.milliseconds(40))
            let inside = storm.clients.filter { $0.isInside && $0.name != "ann" }
            let outside = storm.clients.filter { !$0.isInside }
            let victim = number < 2 ? inside.first : outside.randomElement(using: &storm.random)
            if let victim { storm.vanish(victim) }
            await Task.yield()
        }
        storm.becomeQuiet()
        storm.expectAgreement()
        let isFine = storm.problems.isEmpty && storm.clients.count == 44
        #expect(isFine, "\(storm.report)")
    }

    @Test(
        "a server that says anything at all stops nobody, and nobody hears what was not said",
        .timeLimit(.minutes(5)), arguments: [21, 22, 23] as [UInt64])
    func madness(seed: UInt64) async {
        let storm = Storm(seed: seed, needsApproval: seed == 23)
        storm.hasLies = true
        storm.isStrict = true
        storm.join("ann")
        var past: [ServerFrame] = []
        storm.lie = { frame, client in
            if case .attached = frame { return [frame] }
            guard storm.chance(15) else {
                past.append(frame)
                return [frame]
            }
            if past.count > 400 { past.removeFirst(200) }
            let other = past.randomElement(using: &storm.random) ?? frame
            switch Int.random(in: 0..<8, using: &storm.random) {
            case 0: return []
            case 1: return [frame, frame]
            case 2: return [other, frame]
            case 3: return [frame, .gap(.init(through: client.position?.sequence ?? 0, count: 1))]
            case 4: return [frame, .unanswered]
            case 5: return [storm.spoil(frame)]
            case 6: return [storm.spoil(other), frame]
            default: return [frame, storm.presence()]
            }
        }
        while storm.steps < Self.steps / 2, storm.problems.isEmpty {
            storm.act()
            await Task.yield()
        }
        let isFine = storm.problems.isEmpty
        #expect(isFine, "\(storm.report)")
    }
}

extension Storm {
    /// A frame with something wrong in it.
    fileprivate func spoil(_ frame: ServerFrame) -> ServerFrame {
        switch frame {
        case .entry(var entry):
            if chance(50), !entry.payload.isEmpty {
                let index = Int.random(in: entry.payload.indices, using: &random)
                entry.payload[index] ^= UInt8.random(in: 1...255, using: &random)
            } else {
                entry.sender = someone?.attachment ?? AttachmentID(1)
            }
            return .entry(entry)
        case .answered(var answered):
            answered.payload.removeLast(min(answered.payload.count, 1))
            return .answered(answered)
        case .conflict(let id, _): return .conflict(id: id, epoch: random.next())
        case .knocked(var knocked):
            knocked.newcomer = someone?.attachment ?? AttachmentID(1)
            return .knocked(knocked)
        default: return frame
        }
    }

    fileprivate func presence() -> ServerFrame {
        let who = someone?.attachment ?? AttachmentID(random.next() | 1)
        let states: [Presence.State] = [.here, .away, .gone]
        return .presence(
            Presence(attachment: who, state: states.randomElement(using: &random) ?? .here))
    }
}
