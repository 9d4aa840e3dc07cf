import MLS
import Testing
import Wire

@testable import Client

/// What a server that lies can do, and what people see of it.
///
/// In all of these the storm's own account holds besides: nobody hears what was not said, from
/// another than who said it, out of order, or what was sealed before they came in.
@Suite("A server that lies", .serialized)
struct LyingServerTests {
    typealias Kind = RoomWarning.Kind

    /// A room where these are in, on quick connections.
    func room(_ names: [String], needsApproval: Bool = false) -> Storm {
        let storm = Storm(seed: 1, needsApproval: needsApproval)
        storm.isCalm = true
        for name in names {
            storm.join(name)
            storm.advance(.seconds(1))
        }
        #expect(storm.clients.allSatisfy { $0.isInside })
        storm.hasLies = true
        return storm
    }

    func person(_ name: String, _ storm: Storm) throws -> StormClient {
        try #require(storm.clients.first { $0.name == name })
    }

    func three() throws -> (Storm, StormClient, StormClient, StormClient) {
        let storm = room(["ann", "bob", "cleo"])
        return (
            storm, try person("ann", storm), try person("bob", storm), try person("cleo", storm)
        )
    }

    func kinds(_ client: StormClient) -> Set<Kind> { Set(client.warnings.map(\.kind)) }

    /// All are in one epoch and hear each other.
    func expectHealed(_ storm: Storm) {
        storm.lie = nil
        storm.upLie = nil
        storm.becomeQuiet()
        storm.expectRosters()
        storm.callTheRoll()
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    func isMessage(_ frame: ServerFrame, of sender: AttachmentID?) -> Bool {
        if case .entry(let entry) = frame {
            entry.kind == .message && (sender == nil || entry.sender == sender)
        } else {
            false
        }
    }

    // MARK: Entries

    @Test("that drops a message for one is found out by the next who speaks")
    func drops() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { [self] frame, client in
            client === bob && isMessage(frame, of: ann.attachment) ? [] : [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        storm.sayNext(cleo)
        storm.advance(.milliseconds(200))
        #expect(bob.heard.count == 1)
        #expect(bob.warnings.first == .init(kind: .differentConversation, about: cleo.attachment))
        #expect(
            Kind.differentConversation.sentence(about: "cleo", since: "14:02")
                .hasPrefix("the server has shown cleo a different conversation since 14:02"))
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("that drops a message for one is found out by receipts when nobody speaks")
    func dropsLast() throws {
        let (storm, ann, bob, _) = try three()
        var dropped = false
        storm.lie = { [self] frame, client in
            guard client === bob, !dropped, isMessage(frame, of: ann.attachment) else {
                return [frame]
            }
            dropped = true
            return []
        }
        storm.sayNext(ann)
        storm.advance(.seconds(6))
        #expect(dropped && bob.heard.isEmpty)
        #expect(kinds(bob) == [.differentConversation])
    }

    @Test("that sends a message twice is reported, and it is heard once")
    func repeats() throws {
        let (storm, ann, bob, cleo) = try three()
        var old: ServerFrame.Entry?
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.sender == ann.attachment {
                old = entry
            }
            return [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        var again = try #require(old)
        again.sequence += 1
        storm.invent([.entry(again)], to: bob)
        storm.advance(.milliseconds(200))
        #expect(bob.warnings == [.init(kind: .repeatedEntry, about: ann.attachment)])
        for _ in 0..<2 {
            storm.sayNext(cleo)
            storm.advance(.milliseconds(200))
        }
        #expect(bob.heard.values.allSatisfy { $0 == 1 } && bob.heard.count == 3)
        #expect(kinds(bob) == [.repeatedEntry, .differentConversation])
    }

    @Test("that shows one member another order is found out")
    func reorders() throws {
        let (storm, ann, bob, cleo) = try three()
        var kept: ServerFrame?
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: nil) else { return [frame] }
            if kept == nil, isMessage(frame, of: ann.attachment) {
                kept = frame
                return []
            }
            guard case .entry(var second) = frame, case .entry(var first)? = kept else {
                return [frame]
            }
            kept = nil
            swap(&first.sequence, &second.sequence)
            return [.entry(second), .entry(first)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(30))
        storm.sayNext(cleo)
        storm.advance(.seconds(6))
        #expect(bob.heard.count == 2)
        #expect(kinds(bob).contains(.differentConversation))
        #expect(kinds(ann).isSubset(of: [.differentConversation]))
    }

    @Test("that withholds a commit from one is found out, and they come in again")
    func withholdsCommit() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.kind == .commit { return [] }
            return [frame]
        }
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(1))
        storm.lie = nil
        storm.sayNext(ann)
        storm.sayNext(cleo)
        storm.advance(.seconds(5))
        #expect(bob.heard.isEmpty && bob.stay == 2)
        #expect(kinds(bob).contains(.withheldCommit))
        expectHealed(storm)
    }

    @Test("that withholds a commit from one while only one speaks is found out, too")
    func withholdsCommitOneSpeaks() throws {
        let (storm, ann, bob, _) = try three()
        storm.lie = { frame, client in
            if client === bob, case .entry(let entry) = frame, entry.kind == .commit { return [] }
            return [frame]
        }
        try storm.perform(ann.group.perform(.rename(Array("anna".utf8)), now: storm.now), of: ann)
        ann.name = "anna"
        storm.advance(.seconds(1))
        storm.lie = nil
        storm.sayNext(ann)
        storm.advance(.seconds(8))
        #expect(bob.heard.isEmpty && bob.stay == 2)
        #expect(kinds(bob).contains(.withheldCommit))
        expectHealed(storm)
    }

    @Test("that changes who said something is contradicted by the seal")
    func changesSender() throws {
        let (storm, ann, bob, cleo) = try three()
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: ann.attachment),
                case .entry(var entry) = frame, let cleo = cleo.attachment
            else { return [frame] }
            entry.sender = cleo
            return [.entry(entry)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        #expect(bob.heard.isEmpty)
        #expect(bob.warnings == [.init(kind: .wrongSender, about: ann.attachment)])
    }

    @Test("that shows one their own words as another's is not believed")
    func echoes() throws {
        let (storm, ann, bob, cleo) = try three()
        var own: [UInt8]?
        storm.upLie = { frame, client in
            if client === ann, case .append(let append) = frame { own = append.payload }
            return [frame]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        let payload = try #require(own)
        let sender = try #require(cleo.attachment)
        let sequence = try #require(ann.position?.sequence) + 1
        storm.invent(
            [
                .entry(
                    .init(sequence: sequence, sender: sender, kind: .message, payload: payload))
            ], to: ann)
        storm.advance(.milliseconds(200))
        #expect(ann.heard.isEmpty && bob.heard.count == 1)
        #expect(ann.warnings == [.init(kind: .repeatedEntry, about: nil)])
    }

    @Test("that makes up entries, or spoils them, is reported; nobody stops")
    func garbage() throws {
        let (storm, ann, bob, cleo) = try three()
        let sender = try #require(cleo.attachment)
        storm.lie = { [self] frame, client in
            guard client === bob, isMessage(frame, of: ann.attachment),
                case .entry(var entry) = frame
            else { return [frame] }
            entry.payload[entry.payload.count - 1] ^= 1
            return [.entry(entry)]
        }
        storm.sayNext(ann)
        storm.advance(.milliseconds(200))
        storm.lie = nil
        #expect(bob.warnings == [.init(kind: .unreadable, about: ann.attachment)])
        let start = try #require(bob.position?.sequence)
        for number in UInt64(1)...200 {
            let payload = (0..<Int(number)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            storm.invent(
                [
                    .entry(
                        .init(
                            sequence: start + number, sender: sender,
                            kind: number % 3 == 0 ? .commit : .message, payload: payload))
                ], to: bob)
        }
        storm.advance(.seconds(1))
        #expect(bob.isInside && bob.heard.isEmpty)
        #expect(
            kinds(bob).isSubset(of: [.unreadable, .refusedCommit, .differentConversation]))
    }

    @Test("that speaks of a later epoch in one member's name throws nobody out")
    func laterEpoch() throws {
        let (storm, ann, bob, cleo) = try three()
        for reader in [ann, bob, cleo] {
            let author = reader === ann ? bob : ann
            guard let group = reader.group.membership?.group.groupID,
                let sender = author.attachment, let last = reader.position?.sequence
            else { return }
            var message = try forge(by: author)
            message.groupID = group
            message.epoch += 7
            storm.invent(
                [
                    .entry(
                        .init(
                            sequence: last + 1, sender: sender, kind: .message,
                            payload: MLSMessage.privateMessage(message).bytes))
                ], to: reader)
        }
        storm.advance(.seconds(10))
        // Each was shown another log, which is told; and some may come in again.
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        expectHealed(storm)
    }

    private func forge(by author: StormClient) throws -> PrivateMessage {
        let membership = try #require(author.group.membership)
        let sealed = try membership.group.encrypt([1, 2, 3])
        guard case .privateMessage(let message) = sealed else { throw CancellationError() }
        return message
    }

    // MARK: The whole room

    @Test("that splits the room in two shows nothing of it while it can keep them apart")
    func partition() throws {
        let storm = room(["ann", "bob", "cleo", "dan"])
        let ann = try person("ann", storm)
        let bob = try person("bob", storm)
        let left: Set<Int> = [ann.number, bob.number]
        let sides = Dictionary(
            uniqueKeysWithValues: storm.clients.compactMap { client in
                client.attachment.map { ($0, left.contains(client.number)) }
            })
        storm.lie = { frame, client in
            guard case .entry(let entry) = frame else { return [frame] }
            return sides[entry.sender] == left.contains(client.number) ? [frame] : []
        }
        for _ in 0..<3 {
            for client in storm.clients { storm.sayNext(client) }
            storm.advance(.seconds(4))
        }
        // It cannot be told from a room where the others are silent.
        #expect(storm.clients.allSatisfy { $0.warnings.isEmpty })
        // But it cannot be undone either: the first word across tells everybody.
        storm.lie = nil
        for client in storm.clients { storm.sayNext(client) }
        storm.advance(.seconds(10))
        #expect(storm.clients.allSatisfy { !$0.warnings.isEmpty })
        #expect(storm.problems.isEmpty, "\(storm.report)")
    }

    @Test("that shows entries of an earlier life of the room shows nothing of it")
    func oldIncarnation() throws {
        let (storm, ann, bob, cleo) = try three()
        for client in storm.clients { storm.sayNext(client) }
        storm.advance(.seconds(5))
        let old = storm.rooms[0].server.entries
        let heard = bob.heard
        storm.restart(room: 0)
        storm.becomeQuiet()
        let start = try #require(bob.position?.sequence)
        for (index, entry) in old.enumerated() where entry.kind == .message {
            var entry = entry
            entry.sequence = start + UInt64(index) + 1
            storm.invent([.entry(entry)], to: bob)
        }
        storm.advance(.milliseconds(300))
        #expect(bob.heard == heard)
        storm.sayNext(ann)
        storm.advance(.seconds(1))
        storm.sayNext(cleo)
        storm.advance(.seconds(8))
        #expect(kinds(bob).contains(.differentConversation))
    }
}
