import TLSSyntax
import Testing
import Wire

@testable import Client

@Suite("The record of the log")
struct LogRecordTests {
    private static let group: [UInt8] = [1, 2, 3]

    private func entry(_ sequence: UInt64) -> Client.LogEntry {
        Client.LogEntry(
            sequence: sequence, sender: AttachmentID(7), kind: .message,
            payload: [UInt8(truncatingIfNeeded: sequence)], isOwn: false)
    }

    private func record(_ places: [UInt64]) -> LogRecord {
        var record = LogRecord(groupID: Self.group)
        for place in places { record.append(entry(place)) }
        return record
    }

    private func claim(_ record: LogRecord) throws -> LogClaim { try #require(record.claim) }

    private func start(_ record: LogRecord, at place: UInt64) throws -> LogStart {
        try #require(record.start(at: place))
    }

    private func takesOver(
        _ record: inout LogRecord, _ start: LogStart, _ location: SourceLocation = #_sourceLocation
    ) {
        let isTaken = record.takeOver(start)
        #expect(isTaken, sourceLocation: location)
    }

    private func refuses(
        _ record: inout LogRecord, _ start: LogStart, _ location: SourceLocation = #_sourceLocation
    ) {
        let isTaken = record.takeOver(start)
        #expect(!isTaken, sourceLocation: location)
    }

    @Test("agrees with itself at every place, and with nobody who missed one or has one more")
    func agreement() throws {
        let ann = record([3, 5, 9])
        #expect(ann.check(try claim(record([3, 5])), at: 9) == .agrees)
        #expect(ann.check(try claim(record([3, 5, 9])), at: 10) == .agrees)
        #expect(ann.check(try claim(record([3, 9])), at: 10) == .differs)
        #expect(ann.check(try claim(record([3, 5, 7])), at: 9) == .differs)
        #expect(ann.check(try claim(record([3, 5, 9])), at: 9) == .differs)
    }

    @Test("is taken over whole by who missed something, with every entry that they have since")
    func takingOver() throws {
        var (ann, bob) = (record([3, 5]), record([3]))
        bob.lose()
        #expect(bob.claim == nil)
        for place: UInt64 in [8, 9, 12] {
            ann.append(entry(place))
            bob.append(entry(place))
        }
        #expect(try claim(bob).part == LogClaim.Part(origin: 8, since: 8))
        #expect(ann.check(try claim(bob), at: 13) == .younger)
        #expect(bob.check(try claim(ann), at: 13) == .older)
        let start = try start(ann, at: 8)
        takesOver(&bob, start)
        #expect(try claim(bob).hash == claim(ann).hash)
        // It is known that they do not have what was before.
        #expect(try claim(ann).part == nil)
        #expect(try claim(bob).part == LogClaim.Part(origin: 0, since: 8))
        #expect(bob.check(start, at: 13) == .agrees)
        // What came before is not known to them any more.
        #expect(bob.start(at: 5) == nil)
        #expect(bob.check(try claim(record([3])), at: 13) == .unknown)
    }

    @Test("is never given up when it is whole")
    func whole() throws {
        var ann = record([3, 5])
        let before = try claim(ann)
        for place: UInt64 in 0...6 {
            let hash = [UInt8](repeating: 9, count: 32)
            refuses(&ann, LogStart(origin: 0, sequence: place, hash: hash))
            refuses(&ann, LogStart(origin: 3, sequence: place, hash: hash))
        }
        #expect(try claim(ann) == before)
    }

    @Test("taken over from who lies does not make up for an entry that was dropped")
    func hiding() throws {
        var (ann, bob) = (record([3, 5]), record([3, 5]))
        bob.lose()
        // 9 is dropped for bob, and everything after it is not.
        for place: UInt64 in [8, 9, 10, 11] { ann.append(entry(place)) }
        for place: UInt64 in [8, 10, 11] { bob.append(entry(place)) }
        // What ann's record was anywhere, as what bob's is to begin with.
        for place: UInt64 in 5...12 {
            var bob = bob
            let hash = try start(ann, at: place).hash
            takesOver(&bob, LogStart(origin: 0, sequence: 8, hash: hash))
            #expect(ann.check(try claim(bob), at: 12) == .differs)
            #expect(bob.check(try claim(ann), at: 12) == .differs)
        }
    }

    @Test("of several who missed something is the oldest in the end, whoever tells whom first")
    func several() throws {
        var records = [record([1]), record([1]), record([1])]
        for place: UInt64 in 2...9 {
            for index in records.indices {
                if place == 2 * UInt64(index) + 2 { records[index].lose() }
                records[index].append(entry(place))
            }
        }
        #expect(try records.map { try claim($0).origin } == [2, 4, 6])
        // The last takes over the second's, which then takes over the first's.
        let second = try start(records[1], at: 6)
        takesOver(&records[2], second)
        let first = try start(records[0], at: 4)
        takesOver(&records[1], first)
        #expect(records[2].check(try claim(records[1]), at: 10) == .older)
        // Where the second's began is of no use to the last, which was not there.
        refuses(&records[2], first)
        let last = try start(records[1], at: 6)
        takesOver(&records[2], last)
        #expect(try records[2].check(claim(records[0]), at: 10) == .agrees)
    }

    @Test("that two begin with the same entry, they have in common")
    func together() throws {
        var (ann, bob) = (record([1, 2]), record([1]))
        ann.lose()
        bob.lose()
        for place: UInt64 in [7, 8] {
            ann.append(entry(place))
            bob.append(entry(place))
        }
        #expect(try claim(ann) == claim(bob))
        #expect(ann.check(try claim(bob), at: 9) == .agrees)
    }

    @Test("remembers so many places, and is not taken over by who has had more since")
    func limits() throws {
        let count = UInt64(LogRecord.remembered)
        var (ann, bob) = (record([1]), record([1]))
        bob.lose()
        for place in 2...(2 * count + 1) {
            ann.append(entry(place))
            bob.append(entry(place))
            if place == count { #expect(ann.start(at: 2) != nil) }
        }
        #expect(ann.start(at: 2) == nil && ann.start(at: 1) == nil)
        #expect(try start(ann, at: 2 * count).origin == 0)
        let hash = [UInt8](repeating: 9, count: 32)
        refuses(&bob, LogStart(origin: 0, sequence: 2, hash: hash))
        #expect(try claim(bob).origin == 2)
    }

    @Test("is said in so many bytes")
    func coding() throws {
        let hash = [UInt8](repeating: 9, count: 32)
        let whole = LogClaim(sequence: 5, hash: hash)
        #expect(whole.tlsEncoded.count == 41)
        let part = LogClaim(sequence: 5, hash: hash, part: .init(origin: 2, since: 3))
        #expect(part.tlsEncoded.count == 57)
        for claim in [whole, part] { #expect(try LogClaim(tlsEncoded: claim.tlsEncoded) == claim) }
        let start = LogStart(origin: 2, sequence: 5, hash: hash)
        for body in [.reminds(start), .briefing(.init(start: start, logEpoch: 4))]
            as [Envelope.Body]
        {
            let envelope = Envelope(claim: part, body: body)
            #expect(try Envelope(envelope.encoded) == envelope)
        }
    }
}
