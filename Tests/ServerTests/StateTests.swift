import NIOCore
import TLSSyntax
import Testing
import Transport
import Wire

@testable import Server

@Suite("The table of splices") struct SpliceTableTests {
    private let one = ConnectionID(loop: 0, number: 1)
    private let two = ConnectionID(loop: 0, number: 2)
    private let three = ConnectionID(loop: 0, number: 3)
    private let key = SpliceTable.Key(room: .test(1), token: TransferToken(number: 9))
    private let start = NIODeadline.now()

    @Test("two that show the same token are joined, a third finds it used")
    func joining() {
        var table = SpliceTable(limits: ServerLimits())
        #expect(table.show(key, by: one, now: start) == .wait)
        #expect(table.show(key, by: two, now: start) == .join(one))
        #expect(table.show(key, by: three, now: start) == .tokenUsed)
    }

    @Test("a token is worth nothing in another room")
    func rooms() {
        var table = SpliceTable(limits: ServerLimits())
        let other = SpliceTable.Key(room: .test(2), token: key.token)
        #expect(table.show(key, by: one, now: start) == .wait)
        #expect(table.show(other, by: two, now: start) == .wait)
    }

    @Test("who waits too long is told, once")
    func timeout() {
        var table = SpliceTable(limits: ServerLimits())
        _ = table.show(key, by: one, now: start)
        #expect(table.sweep(now: start + .seconds(29)).isEmpty)
        #expect(table.sweep(now: start + .seconds(30)) == [one])
        #expect(table.sweep(now: start + .seconds(31)).isEmpty)
    }

    @Test("a connection that is lost while it waits leaves its token good")
    func lost() {
        var table = SpliceTable(limits: ServerLimits())
        _ = table.show(key, by: one, now: start)
        table.lost(two, key: key)
        table.lost(one, key: key)
        #expect(table.show(key, by: two, now: start) == .wait)
        #expect(table.show(key, by: three, now: start) == .join(two))
    }

    @Test("waiting connections and used tokens are bounded")
    func bounds() {
        var limits = ServerLimits()
        limits.splicesWaiting = 1
        limits.usedTokens = 1
        var table = SpliceTable(limits: limits)
        let other = SpliceTable.Key(room: .test(1), token: TransferToken(number: 10))
        _ = table.show(key, by: one, now: start)
        #expect(table.show(other, by: two, now: start) == .full)
        _ = table.show(key, by: two, now: start)
        _ = table.show(other, by: one, now: start)
        _ = table.show(other, by: two, now: start)
        #expect(table.show(key, by: three, now: start) == .wait, "the older one is forgotten")
    }
}

@Suite("The state of a connection") struct ConnectionStateTests {
    private let proof: RoomProof
    private let hello = ClientFrame.hello(.init(agent: []))

    init() throws {
        proof = try RoomSecret().accessKey.prove(
            .attach, challenge: Challenge(), server: ServerKeyHash(ofPublicKey: []))
    }

    private var all: [ClientFrame] {
        [
            hello, .attach(.init(proof: proof)), .ready(true), .knock([]),
            .append(.init(id: AppendID(number: 1), kind: .message, payload: [])),
            .answer(.init(knocks: [], payload: [])), .ping(1), .leave,
            .transfer(.init(proof: proof, token: TransferToken(number: 1))),
        ]
    }

    @Test("hello is answered with a challenge in the lower version")
    func versions() {
        for (theirs, ours) in [(1, 1), (2, 1), (65535, 1)] as [(UInt16, UInt16)] {
            var state = ConnectionState()
            state.secured()
            let action = state.receive(.hello(.init(version: theirs, agent: [])))
            #expect(action == .challenge(version: ours))
        }
        var state = ConnectionState()
        state.secured()
        #expect(state.receive(.hello(.init(version: 0, agent: []))) == .goodbye(.version))
    }

    @Test("in every phase exactly the frames of that phase are taken")
    func phases() {
        var secured = ConnectionState()
        secured.secured()
        var challenged = secured
        _ = challenged.receive(hello)
        var attaching = challenged
        attaching.proved(attachTo: .test(1))
        var attached = attaching
        attached.attached()
        var waiting = challenged
        waiting.proved(transfer: .init(room: .test(1), token: TransferToken(number: 1)))
        func taken(_ state: ConnectionState) -> [Int] {
            all.indices.filter {
                var state = state
                return state.receive(all[$0]) != .goodbye(.protocolError)
            }
        }
        #expect(taken(ConnectionState()) == [])
        #expect(taken(secured) == [0])
        #expect(taken(challenged) == [1, 8])
        #expect(taken(attaching) == [])
        #expect(taken(attached) == [2, 3, 4, 5, 6, 7])
        #expect(taken(waiting) == [])
        #expect(attached.room == .test(1) && attached.isReadingFrames)
        #expect(!attaching.isReadingFrames && !waiting.isReadingFrames)
    }

    @Test("bytes are counted until the attach")
    func earlyBytes() {
        var state = ConnectionState()
        state.secured()
        #expect(state.mayTake(60, limit: 100) == true)
        #expect(state.mayTake(40, limit: 100) == true)
        #expect(state.mayTake(1, limit: 100) == false)
        _ = state.receive(hello)
        state.proved(attachTo: .test(1))
        #expect(state.mayTake(1, limit: 100) == false)
        state.attached()
        #expect(state.mayTake(1 << 20, limit: 100) == true)
    }

    @Test("an end happens once, and nothing is heard after it")
    func end() {
        var state = ConnectionState()
        state.secured()
        #expect(state.end() == .hello)
        #expect(state.end() == nil)
        #expect(state.receive(hello) == .ignore)
    }
}

@Suite("The throttle of appends") struct TokenBucketTests {
    @Test("a burst is free, then the rate holds")
    func bucket() throws {
        let start = NIODeadline.now()
        var bucket = TokenBucket(perSecond: 10, burst: 5, now: start)
        bucket.take(5, now: start)
        #expect(bucket.wait == nil)
        bucket.take(1, now: start)
        let wait = try #require(bucket.wait)
        #expect(abs(wait.nanoseconds - 100_000_000) < 1000)
        bucket.take(0, now: start + wait)
        #expect(bucket.wait == nil)
        bucket.take(0, now: start + .hours(1))
        bucket.take(5, now: start + .hours(1))
        #expect(bucket.wait == nil)
        bucket.take(1, now: start + .hours(1))
        #expect(bucket.wait != nil, "an hour of rest saves up one burst, no more")
    }

    @Test("the slower of appends and bytes decides")
    func both() throws {
        var limits = ServerLimits()
        limits.appendsPerSecond = 1000
        limits.appendBurst = 10
        limits.appendBytesPerSecond = 100
        limits.appendByteBurst = 100
        let start = NIODeadline.now()
        var throttle = FrameThrottle(limits: limits, now: start)
        #expect(throttle.take(frames: 1, bytes: 100, now: start) == nil)
        let second = throttle.take(frames: 1, bytes: 100, now: start)
        let wait = try #require(second)
        #expect(abs(wait.nanoseconds - 1_000_000_000) < 1000)
    }

    @Test("pings are few, however many appends there may be")
    func pings() throws {
        let limits = ServerLimits()
        let start = NIODeadline.now()
        var throttle = FrameThrottle(limits: limits, now: start)
        let burst = limits.signBurst
        #expect(
            throttle.take(frames: burst, bytes: 13 * burst, signsOfLife: burst, now: start) == nil)
        let more = throttle.take(frames: 10, bytes: 130, signsOfLife: 10, now: start)
        let wait = try #require(more)
        #expect(abs(wait.nanoseconds - 5_000_000_000) < 1000)
    }
}

@Suite("Counts of connections") struct AcceptCountsTests {
    @Test("an address has so many, an IPv6 /64 counts as one, mapped IPv4 as IPv4")
    func addresses() throws {
        var counts = AcceptCounts(maximum: 100, maximumPerAddress: 2)
        let one = try SocketAddress(ipAddress: "192.0.2.1", port: 1000)
        let mapped = try SocketAddress(ipAddress: "::ffff:192.0.2.1", port: 1001)
        let other = try SocketAddress(ipAddress: "192.0.2.2", port: 1000)
        #expect([one, mapped, one, other].map { counts.enter($0) } == [true, true, false, true])
        let first = try SocketAddress(ipAddress: "2001:db8::1", port: 1)
        let sameNet = try SocketAddress(ipAddress: "2001:db8::ffff:2", port: 1)
        let otherNet = try SocketAddress(ipAddress: "2001:db8:0:1::1", port: 1)
        let taken = [first, sameNet, first, otherNet].map { counts.enter($0) }
        #expect(taken == [true, true, false, true])
        counts.leave(mapped)
        #expect(counts.enter(one) == true)
        #expect(counts.total == 6)
    }

    @Test("all addresses together have a cap")
    func cap() throws {
        var counts = AcceptCounts(maximum: 1, maximumPerAddress: 2)
        #expect(!counts.isFull)
        _ = counts.enter(nil)
        #expect(counts.isFull)
        counts.leave(nil)
        #expect(!counts.isFull)
    }
}

@Suite("Frames of the hot path") struct FrameEncoderTests {
    private static let sizes = [0, 1, 63, 64, 200, 16383, 16384, 65536]

    @Test("an entry is encoded as Wire encodes it", arguments: sizes)
    func entry(size: Int) {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let fast = FrameEncoder.entry(
            sequence: 0x0102_0304_0506_0708, sender: AttachmentID(99), kind: .message,
            payload: ByteBuffer(bytes: payload))
        let frame = ServerFrame.entry(
            .init(
                sequence: 0x0102_0304_0506_0708, sender: AttachmentID(99), kind: .message,
                payload: payload))
        var expected = ByteBuffer()
        expected.writeFrame(frame)
        #expect(fast == expected)
    }

    @Test("an appended is encoded as Wire encodes it")
    func appended() {
        let id = AppendID(number: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)
        for duplicate in [true, false] {
            var expected = ByteBuffer()
            expected.writeFrame(
                ServerFrame.appended(.init(id: id, sequence: 77, duplicate: duplicate)))
            #expect(FrameEncoder.appended(id: id, sequence: 77, duplicate: duplicate) == expected)
        }
    }

    @Test("an append is read as Wire reads it", arguments: sizes)
    func append(size: Int) throws {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        for kind in [EntryKind.message, .commit] {
            let append = ClientFrame.Append(
                id: .random(), kind: kind, epoch: kind == .commit ? 5 : 0, payload: payload)
            let body = ByteBuffer(bytes: ClientFrame.append(append).tlsEncoded)
            let read = try #require(FrameEncoder.readAppend(body))
            #expect(read.id == append.id && read.kind == kind && read.epoch == append.epoch)
            #expect(Array(read.payload.readableBytesView) == payload)
        }
    }

    @Test("what Wire refuses as an append is not read as one")
    func malformed() {
        let append = ClientFrame.Append(
            id: .random(), kind: .message, payload: [UInt8](repeating: 3, count: 100))
        let good = ClientFrame.append(append).tlsEncoded
        var generator = SplitMix(seed: 1)
        for _ in 0..<20_000 {
            var body = good
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<30, using: &generator)
                body[index] = UInt8.random(in: .min ... .max, using: &generator)
            }
            if Bool.random(using: &generator) {
                body.removeLast(Int.random(in: 0...body.count, using: &generator))
            }
            let fast = FrameEncoder.readAppend(ByteBuffer(bytes: body))
            let wire = try? ClientFrame(tlsEncoded: body)
            if case .append(let append)? = wire {
                #expect(fast?.id == append.id && fast?.kind == append.kind)
                #expect(fast.map { Array($0.payload.readableBytesView) } == append.payload)
            } else {
                #expect(fast == nil)
            }
        }
    }
}

/// A generator that repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
