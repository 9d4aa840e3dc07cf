import NIOCore
import NIOSSL
import TLSSyntax
import TestSupport
import Testing
import Transport
import Wire

@testable import Server

@Suite("Hostile clients", .oneAtATime) struct HostileTests {
    private let access = RoomSecret().accessKey

    /// The server takes newcomers and answers.
    private func isAlive(_ server: TestServer) async throws -> Bool {
        let (client, _) = try await server.join(RoomSecret().accessKey)
        try await client.send(.ping(1))
        let isAlive = try await client.next() == .pong(1)
        await client.close()
        return isAlive
    }

    private var frames: [ClientFrame] {
        get throws {
            let proof = try access.prove(
                .attach, challenge: Challenge(), server: ServerKeyHash(ofPublicKey: []))
            let resume = ClientFrame.Resume(
                attachment: AttachmentID(1), token: .random(),
                after: Position(log: .random(), sequence: 1))
            return [
                .hello(.init(agent: [1, 2, 3])), .attach(.init(proof: proof)),
                .attach(.init(proof: proof, resume: resume)),
                .append(.init(id: .random(), kind: .message, payload: [1, 2, 3])),
                .append(.init(id: .random(), kind: .commit, epoch: 0, payload: [1, 2, 3])),
                .ready(true), .knock([1, 2, 3]),
                .answer(.init(knocks: [KnockID(1), KnockID(2)], payload: [1, 2, 3])), .ping(7),
                .leave, .transfer(.init(proof: proof, token: .random())),
            ]
        }
    }

    private func framed(_ body: some Collection<UInt8>, length: UInt32? = nil) -> [UInt8] {
        (length ?? UInt32(body.count)).tlsEncoded + body
    }

    @Test("every frame cut short at every byte ends with a protocol error", .timeLimit(.minutes(1)))
    func truncated() async throws {
        try await TestServer.with { server in
            // All before the attach; one room's member for those that are for members only.
            for (index, frame) in try frames.enumerated() {
                let body = frame.tlsEncoded
                for count in 0..<body.count {
                    let client = try await server.connect()
                    if index >= 3 && index <= 9 {
                        try await client.attach(access)
                    } else if index > 0 {
                        _ = try await client.hello()
                    }
                    try await client.send(bytes: framed(body.prefix(count)))
                    #expect(
                        try await client.end() == .goodbye(.protocolError),
                        "frame \(index) cut at \(count)")
                }
            }
            #expect(try await isAlive(server))
        }
    }

    @Test(
        "lengths that no frame has end with a protocol error",
        .timeLimit(.minutes(1)), arguments: [0, 513, 4 << 20, 0x7fff_ffff, 0xffff_ffff] as [UInt32])
    func lengths(length: UInt32) async throws {
        try await TestServer.with { server in
            let client = try await server.connect()
            try await client.send(bytes: framed([1], length: length))
            #expect(try await client.end() == .goodbye(.protocolError))
            guard length > 4 << 20 || length == 0 else { return }
            let (member, _) = try await server.join(access)
            try await member.send(bytes: framed([7], length: length))
            #expect(try await member.end() == .goodbye(.protocolError))
        }
    }

    @Test("100,000 random frames leave the server alive", .timeLimit(.minutes(1)))
    func random() async throws {
        try await TestServer.with { server in
            var generator = SplitMix(seed: 42)
            let samples = try frames.map(\.tlsEncoded)
            // Whoever says one wrong frame is out: many are told by a real server, all are decoded
            // by what it decodes with.
            for round in 0..<100_000 {
                var body = samples[Int.random(in: 0..<samples.count, using: &generator)]
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: 0..<body.count, using: &generator)
                    body[index] = UInt8.random(in: .min ... .max, using: &generator)
                }
                _ = FrameEncoder.readAppend(ByteBuffer(bytes: body))
                _ = try? ClientFrame(tlsEncoded: body)
                guard round % 500 == 0 else { continue }
                let client = try await server.connect()
                if round % 1000 == 0 {
                    try await client.attach(access)
                } else {
                    _ = try await client.hello()
                }
                for _ in 0..<50 {
                    let length = Int.random(in: 0...300, using: &generator)
                    let noise = (0..<length).map { _ in
                        UInt8.random(in: .min ... .max, using: &generator)
                    }
                    client.sendLoosely(bytes: framed(body))
                    client.sendLoosely(bytes: framed(noise))
                }
                try await client.end()
            }
            #expect(try await isAlive(server))
        }
    }

    @Test(
        "500 silent connections are closed at their deadline while a chat goes on",
        .timeLimit(.minutes(1)))
    func slowloris() async throws {
        var limits = TestServer.quickLimits
        limits.helloTime = .seconds(2)
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            let (berta, _) = try await server.join(access)
            var silent: [TestClient] = []
            for index in 0..<500 {
                let client = try await server.connect()
                // A byte of a hello that never ends.
                if index % 2 == 0 { client.sendLoosely(bytes: [0]) }
                silent.append(client)
            }
            for id in 1...50 {
                try await anna.say("\(id)", id: UInt128(id))
                #expect(try await berta.nextText() == "\(id)")
            }
            for client in silent {
                #expect(try await client.end() == .goodbye(.timeout))
                await client.close()
            }
            while await server.server.connectionCount > 2 { await Task.yield() }
        }
    }

    @Test("who never speaks TLS is closed", .timeLimit(.minutes(1)))
    func noTLS() async throws {
        var limits = TestServer.quickLimits
        limits.handshakeTime = .seconds(1)
        try await TestServer.with(limits: limits) { server in
            let plain = try await PlainSocket.connect(server.address)
            _ = try? await plain.channel.closeFuture.get()
            let noise = try await PlainSocket.connect(server.address)
            noise.channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"), promise: nil)
            _ = try? await noise.channel.closeFuture.get()
            #expect(try await isAlive(server))
        }
    }

    @Test("who is silent for too long is told so", .timeLimit(.minutes(1)))
    func silence() async throws {
        var limits = TestServer.quickLimits
        limits.silence = .milliseconds(150)
        try await TestServer.with(limits: limits) { server in
            let (anna, _) = try await server.join(access)
            #expect(try await anna.end() == .goodbye(.timeout))
        }
    }

    @Test("TLS 1.2 and other protocols are refused", .timeLimit(.minutes(1)))
    func oldTLS() async throws {
        try await TestServer.with { server in
            await #expect(throws: (any Error).self) {
                _ = try await TestClient.connect(server.address, maximumTLS: .tlsv12)
            }
            for protocols in [[], ["h2"]] {
                let client = try await TestClient.connect(server.address, protocols: protocols)
                #expect(try await client.end() == nil)
            }
            #expect(try await isAlive(server))
        }
    }

    private enum Forgery: CaseIterable {
        case damaged, otherRoom, otherServer, otherChallenge, otherPurpose
    }

    @Test("a proof that does not hold is refused", .timeLimit(.minutes(1)))
    func forgeries() async throws {
        try await TestServer.with { server in
            let key = server.server.keyHash
            for forgery in Forgery.allCases {
                let client = try await server.connect()
                let challenge = try await client.hello().challenge
                var proof = try access.prove(.attach, challenge: challenge, server: key)
                switch forgery {
                case .damaged: proof.signature[10] ^= 1
                case .otherRoom:
                    // Somebody without the room's key signs with one of their own.
                    let other = RoomSecret().accessKey
                    proof.signature = try other.prove(.attach, challenge: challenge, server: key)
                        .signature
                case .otherServer:
                    proof = try access.prove(
                        .attach, challenge: challenge, server: ServerKeyHash(ofPublicKey: [1]))
                case .otherChallenge:
                    proof = try access.prove(.attach, challenge: Challenge(), server: key)
                case .otherPurpose:
                    proof = try access.prove(
                        .transfer(.random()), challenge: challenge, server: key)
                }
                try await client.send(.attach(.init(proof: proof)))
                #expect(try await client.end() == .goodbye(.unauthorized), "\(forgery)")
            }
        }
    }

    @Test("a proof heard on one connection is worth nothing on another", .timeLimit(.minutes(1)))
    func replay() async throws {
        try await TestServer.with { server in
            let first = try await server.connect()
            let challenge = try await first.hello().challenge
            let proof = try access.prove(
                .attach, challenge: challenge, server: server.server.keyHash)
            try await first.send(.attach(.init(proof: proof)))
            guard case .attached? = try await first.next() else { throw Unexpected(frame: nil) }
            let second = try await server.connect()
            #expect(try await second.hello().challenge != challenge)
            try await second.send(.attach(.init(proof: proof)))
            #expect(try await second.end() == .goodbye(.unauthorized))
        }
    }

    @Test("a frame out of turn ends with a protocol error", .timeLimit(.minutes(1)))
    func outOfTurn() async throws {
        try await TestServer.with { server in
            let early = try await server.connect()
            try await early.send(.ping(1))
            #expect(try await early.end() == .goodbye(.protocolError))
            let (member, _) = try await server.join(access)
            try await member.send(.hello(.init(agent: [])))
            #expect(try await member.end() == .goodbye(.protocolError))
        }
    }
}
