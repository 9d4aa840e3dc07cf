import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Wire

/// All connections of a load and what they count. On one loop only; `Run` talks to it from outside.
final class Driver {
    struct Counts {
        var said = 0
        var delivered = 0
        var acknowledged = 0
        var gaps = 0
        var duplicates = 0
        var complaints = 0
        var running = 0
        var dead = 0
        var left = 0
    }

    let loop: any EventLoop
    let options: Options
    var counts = Counts()
    var histogram = Histogram()
    var measures = false
    private(set) var serverKey: ServerKeyHash?
    private let tls: NIOSSLContext
    private let accessKeys: [AccessKey]
    private var speakers: [Member] = []
    private(set) var members: [Member] = []
    private let filler: ByteBuffer

    init(options: Options, loop: any EventLoop) throws {
        self.loop = loop
        self.options = options
        tls = try Self.makeTLS(classical: options.classical)
        accessKeys = (0..<options.rooms).map { _ in RoomSecret().accessKey }
        filler = ByteBuffer(bytes: (0..<options.size).map { _ in UInt8.random(in: 0x30...0x7a) })
    }

    static func makeTLS(classical: Bool) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        // A load generator trusts the server it was pointed at.
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = [FrameLimits.applicationProtocol]
        if classical { configuration.curves = [.x25519] }
        return try NIOSSLContext(configuration: configuration)
    }

    static func nanoseconds() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    func accessKey(of room: Int) -> AccessKey { accessKeys[room] }

    // MARK: Connections

    /// What is to be done when a member is in its room, or is gone.
    var whenSettled: () -> Void = {}

    func open(room: Int, slot: UInt32?, number: Int) {
        let member = Member(
            driver: self, room: room, slot: slot, speakers: options.speakersPerRoom)
        members.append(member)
        let bound = NIOLoopBound((self, member), eventLoop: loop)
        var bootstrap = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (driver, member) = bound.value
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(
                            context: driver.tls, serverHostname: nil,
                            customVerificationCallback: { chain, promise in
                                bound.value.0.learnKey(chain.first)
                                promise.succeed(.certificateVerified)
                            }),
                        member)
                }
            }
        if options.srcs > 0,
            let source = try? SocketAddress(
                ipAddress: "127.0.0.\(2 + number % options.srcs)", port: 0)
        {
            bootstrap = bootstrap.bind(to: source)
        }
        bootstrap.connect(host: "127.0.0.1", port: options.port)
            .assumeIsolated()
            .whenFailure { error in self.ended(member, inGoodOrder: false, "\(error)") }
    }

    private func learnKey(_ certificate: NIOSSLCertificate?) {
        guard serverKey == nil else { return }
        serverKey = (try? certificate?.extractPublicKey().toSPKIBytes()).map {
            ServerKeyHash(ofPublicKey: $0)
        }
    }

    func attached(_ member: Member) {
        counts.running += 1
        if member.slot != nil { speakers.append(member) }
        whenSettled()
    }

    func ended(_ member: Member, inGoodOrder: Bool, _ reason: String) {
        if inGoodOrder {
            counts.left += 1
        } else {
            counts.dead += 1
            complain(reason)
        }
        whenSettled()
    }

    func complain(_ what: String) {
        counts.complaints += 1
        if options.verbose {
            FileHandle.standardError.write(Data("chatload: \(what)\n".utf8))
        }
    }

    func forgetMembers() { members.removeAll { $0.state == .dead } }

    // MARK: Load

    private var loads = false
    private var pumpIsDue = false
    private var loadStart: UInt64 = 0
    private var nextSpeaker = 0

    func startLoad() {
        // Speakers of all rooms take turns, whoever attached first.
        speakers.sort { ($0.slot ?? 0, $0.room) < ($1.slot ?? 0, $1.room) }
        loads = true
        loadStart = Self.nanoseconds()
        if options.window > 0 { pumpWindow() } else { pumpRate() }
    }

    func stopLoad() { loads = false }

    func delivered(after time: UInt64) {
        counts.delivered += 1
        if measures { histogram.add(time) }
    }

    /// Deliveries may have made room in the window: says more at the end of this turn of the loop.
    func deliveriesCame() {
        guard loads, options.window > 0, !pumpIsDue else { return }
        pumpIsDue = true
        loop.assumeIsolated().execute {
            self.pumpIsDue = false
            self.pumpWindow()
        }
    }

    private func pumpWindow() {
        guard loads else { return }
        let underWay = (counts.said * options.fan - counts.delivered) / options.fan
        say(options.window - underWay)
    }

    private func pumpRate() {
        guard loads else { return }
        let now = Self.nanoseconds()
        let due = Int(Double(now - loadStart) / 1e9 * options.rate) + 1
        say(min(due - counts.said, 20_000))
        let next = loadStart + UInt64(Double(counts.said) * 1e9 / options.rate)
        let wait = min(10_000_000, Int64(next) - Int64(Self.nanoseconds()))
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(max(0, wait))) { self.pumpRate() }
    }

    private func say(_ count: Int) {
        guard count > 0, !speakers.isEmpty else { return }
        let first = nextSpeaker
        for _ in 0..<count {
            let speaker = speakers[nextSpeaker % speakers.count]
            nextSpeaker += 1
            guard speaker.state == .running else { continue }
            speaker.say(size: options.size, filler: filler)
            counts.said += 1
        }
        for index in first..<min(nextSpeaker, first + speakers.count) {
            speakers[index % speakers.count].flush()
        }
    }
}
