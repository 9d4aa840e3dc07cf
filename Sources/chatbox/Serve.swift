import ArgumentParser
import Foundation
import Logging
import NIOCore
import NIOPosix
import Server
import Terminal
import Transport
import Wire

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a server for many rooms, until it is stopped.",
        discussion: """
            The server relays and orders; it can read nothing of what it relays. Its key is made \
            on first start and kept in the state folder, so that links stay good. It logs to \
            standard error, stops in good order on SIGTERM and SIGINT, and ignores SIGHUP.
            """)

    @Option(
        help: "HOST:PORT to listen at (default: every address, port \(FrameLimits.defaultPort)).")
    var listen: String?

    @Option(help: "The folder for the server's key (default: ~/.local/state/chatbox/server).")
    var state: String?

    @Option(help: "A certificate chain as PEM, instead of one made here.")
    var tlsCertificate: String?

    @Option(help: "The private key of --tls-certificate, as PEM.")
    var tlsKey: String?

    @Option(help: "Event loops to run, a thread each.")
    var threads = Self.defaultThreads

    @OptionGroup var sandbox: SandboxOptions

    @OptionGroup var keyLog: KeyLogOption

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
        guard (1...Self.mostThreads).contains(threads) else {
            throw ValidationError("--threads is a number from 1 to \(Self.mostThreads)")
        }
        try limits.check()
    }

    /// Half the cores: the kernel's share of the work, sending and receiving, runs beside them, and
    /// fewer loops gather more entries into each write. With two loops on two cores a delivery cost
    /// up to twice the CPU that it costs with one.
    private static let defaultThreads = max(1, System.coreCount / 2)
    /// More loops than this only make more hops.
    private static let mostThreads = 256

    func run() throws {
        let place = try ListenAddress(parsing: listen)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let certificate = try certificate()
        let keyLog = try keyLog.open()
        let socket = try Self.listen(at: place)
        let port = UInt16(clamping: socket.address.port ?? 0)
        Confinement(options: sandbox, ownPort: port).enter().show(prefix: "")
        let name = tlsCertificate == nil ? nil : certificate.hostName ?? "HOST"
        try AsyncPart.run { [limits = limits.limits, threads] in
            let logger = Logger(label: "chatbox")
            let server = try ChatServer(
                configuration: ServerConfiguration(
                    sockets: [socket], certificate: certificate, agent: Chatbox.agent,
                    limits: limits, logger: logger,
                    group: MultiThreadedEventLoopGroup(numberOfThreads: threads),
                    keyLog: keyLog))
            let reader = InputPoller(descriptor: -1, signals: [SIGINT, SIGTERM, SIGHUP])
            do {
                try await server.start()
            } catch let error as ServerError {
                throw Problem(error)
            }
            try Self.announce(place, port: port, server, certifiedName: name)
            try await Self.run(server, until: SignalWait(poller: reader, logger: logger))
        }
    }

    private static func listen(at place: ListenAddress) throws(Problem) -> ListeningSocket {
        do throws(ServerError) {
            return try ListeningSocket(.init(host: place.host, port: Int(place.port)))
        } catch {
            throw Problem(error)
        }
    }

    private func certificate() throws(Problem) -> ServerCertificate {
        do throws(ServerCertificateError) {
            if let tlsCertificate, let tlsKey {
                return try ServerCertificate(certificateFile: tlsCertificate, keyFile: tlsKey)
            }
            return try ServerCertificate(stateFolder: state ?? Places.serverState)
        } catch {
            throw Problem(.inputOutput, error.sentence)
        }
    }

    /// - Parameter certifiedName: the host's name in a certificate that was given; nil for ours.
    private static func announce(
        _ place: ListenAddress, port: UInt16, _ server: ChatServer, certifiedName: String?
    ) throws(Problem) {
        let host = place.isEveryAddress ? LocalAddress.first ?? "localhost" : place.host ?? ""
        let address = ServerAddress(host: host, port: port).text
        let key = Fingerprint.text(server.keyHash.pin)
        // A renewal usually brings another key, and ends all links that hold the old one.
        var advice = "make a room with: chatbox new \(address) --key \(key)"
        if let certifiedName {
            let name = ServerAddress(host: certifiedName, port: port).text
            advice = """
                make a room whose link outlives renewals, if a public authority made the \
                certificate, with: chatbox new \(name) --public
                make a room whose link is good until the key changes with: \
                chatbox new \(address) --key \(key)
                """
        }
        try StandardOutput.put("listening at \(address)\nkey \(key)\n\(advice)\n")
    }

    private static func run(_ server: ChatServer, until signal: SignalWait) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await signal.wait() }
            try await group.next()
            group.cancelAll()
            signal.wake()
            try await group.waitForAll()
        }
    }
}

/// Waits for a signal to stop, on a thread that nobody else needs.
private struct SignalWait: Sendable {
    let poller: InputPoller
    let logger: Logger

    func wait() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                while poller.next() == .signal(SIGHUP) {
                    logger.notice(
                        "SIGHUP is ignored: there is nothing to reload; stop the server by SIGTERM")
                }
                continuation.resume()
            }
        }
    }

    func wake() { poller.wake() }
}

/// Where a server listens, as the command line names it.
struct ListenAddress: Equatable {
    /// Nil for every address of this machine.
    var host: String?
    /// 0 for a free one.
    var port: UInt16

    var isEveryAddress: Bool { host == nil || host == "0.0.0.0" || host == "::" }

    /// Reads `HOST:PORT`, `HOST`, `:PORT` and `*:PORT`.
    init(parsing text: String?) throws(Problem) {
        guard let text else {
            (host, port) = (nil, FrameLimits.defaultPort)
            return
        }
        guard text.isEmpty || !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Problem(
                .usage,
                "\(text) is a port without a host; write :\(text) to listen at every address")
        }
        let wantsFreePort = text.hasSuffix(":0")
        var rest = wantsFreePort ? String(text.dropLast(2)) : text
        let isAnywhere =
            rest.isEmpty || rest.hasPrefix(":") && !rest.hasPrefix("::")
            || rest == "*" || rest.hasPrefix("*:")
        // Any name does in the place of the host that is not named.
        if isAnywhere { rest = "every" + (rest.hasPrefix("*") ? rest.dropFirst() : rest[...]) }
        do throws(LinkError) {
            let address = try ServerAddress(parsing: rest)
            host = isAnywhere ? nil : address.host
            port = wantsFreePort ? 0 : address.port
        } catch {
            throw Problem(
                .usage,
                "\(text) is no address to listen at; write HOST:PORT, or :PORT for every host")
        }
    }
}

/// The limits of a server that an operator is most likely to want otherwise.
struct LimitOptions: ParsableArguments {
    @Option(help: "Connections in all (default: as many as the system allows).")
    var maxConnections: Int?

    @Option(help: "Connections from one address.")
    var maxConnectionsPerAddress = ServerLimits().connectionsPerAddress

    @Option(help: "Rooms in all.")
    var maxRooms = ServerLimits().rooms

    @Option(help: "People in one room.")
    var maxRoomMembers = ServerLimits().membersPerRoom

    @Option(help: "MiB of messages kept per room, for those who come back.")
    var maxRoomMebibytes = ServerLimits().bytesPerRoom >> 20

    @Option(help: "MiB of messages kept in all rooms together.")
    var maxMebibytes = ServerLimits().bytesInAllRooms >> 20

    @Option(help: "MiB held for slow readers and unfinished messages in all.")
    var maxHeldMebibytes = ServerLimits().heldBytes >> 20

    @Option(help: "MiB of them for one address.")
    var maxHeldMebibytesPerAddress = ServerLimits().heldBytesPerAddress >> 20

    @Option(help: "Messages that one connection may send in a second in the long run.")
    var maxAppendsPerSecond = ServerLimits().appendsPerSecond

    @Option(help: "MiB of messages that one connection may send in a second in the long run.")
    var maxAppendMebibytesPerSecond = ServerLimits().appendBytesPerSecond >> 20

    /// More MiB than any machine has, and few enough to be counted in bytes.
    private static let mostMebibytes = 1 << 40

    func check() throws {
        let numbers = [
            maxConnections ?? 1, maxConnectionsPerAddress, maxRooms, maxRoomMembers,
            maxRoomMebibytes, maxMebibytes, maxHeldMebibytes, maxHeldMebibytesPerAddress,
            maxAppendsPerSecond, maxAppendMebibytesPerSecond,
        ]
        guard numbers.allSatisfy({ (1...Self.mostMebibytes).contains($0) }) else {
            throw ValidationError("a limit is a number from 1 on")
        }
    }

    var limits: ServerLimits {
        var limits = ServerLimits()
        limits.connections = maxConnections
        limits.connectionsPerAddress = maxConnectionsPerAddress
        limits.rooms = maxRooms
        limits.membersPerRoom = maxRoomMembers
        limits.bytesPerRoom = maxRoomMebibytes << 20
        limits.bytesInAllRooms = maxMebibytes << 20
        limits.heldBytes = maxHeldMebibytes << 20
        limits.heldBytesPerAddress = maxHeldMebibytesPerAddress << 20
        limits.appendsPerSecond = maxAppendsPerSecond
        limits.appendBurst = max(limits.appendBurst, maxAppendsPerSecond)
        limits.appendBytesPerSecond = maxAppendMebibytesPerSecond << 20
        limits.appendByteBurst = max(limits.appendByteBurst, limits.appendBytesPerSecond)
        return limits
    }
}
