import ArgumentParser
import Folder
import Foundation
import Logging
import NIOCore
import Server
import Terminal
import Transport
import Wire

struct Host: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hosts a room on this machine and joins it (the default).",
        discussion: """
            The room lasts as long as this chatbox runs. Others reach it by the link that is \
            printed, when this machine can be reached from theirs.
            """)

    @OptionGroup var person: PersonOptions

    @OptionGroup(title: "The room") var room: RoomChoice

    @Option(help: "The port to listen at (default: a free one).")
    var port: UInt16 = 0

    @Option(help: "The name or address in the link (default: this machine's own address).")
    var host: String?

    @Option(help: "Where received files go, and nowhere else.")
    var folder: String?

    @OptionGroup var share: ShareOptions

    @OptionGroup var sandbox: SandboxOptions

    @OptionGroup var keyLog: KeyLogOption

    @Flag(help: "Lines only: nothing on the screen is drawn twice.")
    var plain = false

    func run() throws {
        let name = try host.map(Self.hostName) ?? LocalAddress.first ?? "localhost"
        _ = try person.shownName
        let isInteractive = Stay.isInteractive && !plain
        let folder = try FolderChoice.open(given: folder, asks: isInteractive)
        let keyLog = try keyLog.open()
        let certificate = try ServerCertificate.temporary()
        let socket = try Self.listen(port)
        let port = UInt16(clamping: socket.address.port ?? 0)
        let link = Link(
            address: ServerAddress(host: name, port: port), trust: .pin(certificate.keyHash.pin),
            secret: RoomSecret(), options: room.options)
        let stay = Stay(
            link: link, person: person, address: ServerAddress(host: "127.0.0.1", port: port),
            keyLog: keyLog)
        let confinement = Confinement(
            options: sandbox, folder: folder, shares: try share.open(), port: port, ownPort: port)
        let client = try stay.client(confinement, hostsRoom: true)
        let lister = confinement.lister
        let kept = confinement.enter()
        try Self.announce(link, toPerson: isInteractive)
        kept.show()
        try AsyncPart.run { [plain] in
            try await Self.serving(socket, certificate, keyLog) {
                try await stay.talk(
                    client, folder: folder, lister: lister, plain: plain,
                    isHost: true)
            }
        }
    }

    private static func hostName(_ text: String) throws(Problem) -> String {
        do throws(LinkError) {
            let isIPv6 = text.utf8.contains(UInt8(ascii: ":")) && !text.hasPrefix("[")
            return try ServerAddress(parsing: isIPv6 ? "[\(text)]" : text).host
        } catch {
            throw Problem(
                .usage, "\(text) is no host name; give the name or address of this machine")
        }
    }

    /// Rooms that a server for one room lets be made: more is somebody else's use of it.
    private static let maximumRooms = 64
    /// Bytes kept for those who come back: a few of the longest messages.
    private static let maximumBytes = 128 << 20

    private static func listen(_ port: UInt16) throws(Problem) -> ListeningSocket {
        do throws(ServerError) {
            return try ListeningSocket(.init(host: nil, port: Int(port)))
        } catch {
            throw Problem(error)
        }
    }

    /// Serves while `body` runs.
    private static func serving(
        _ socket: ListeningSocket, _ certificate: ServerCertificate, _ keyLog: KeyLog?,
        _ body: () async throws -> Void
    ) async throws {
        var limits = ServerLimits()
        limits.rooms = maximumRooms
        limits.bytesInAllRooms = maximumBytes
        // The screen belongs to the conversation: what the server has to say is not printed.
        let logger = Logger(label: "chatbox") { _ in SwiftLogNoOpLogHandler() }
        let server = try ChatServer(
            configuration: ServerConfiguration(
                sockets: [socket], certificate: certificate, agent: Chatbox.agent,
                limits: limits, logger: logger, keyLog: keyLog))
        do {
            try await server.start()
            try await body()
        } catch {
            await server.stop()
            if let error = error as? ServerError { throw Problem(error) }
            throw error
        }
        await server.stop()
    }

    private static func announce(_ link: Link, toPerson: Bool) throws(Problem) {
        guard toPerson else { return try StandardOutput.put(link.text + "\n") }
        Output.write(
            """
            A room is open here; /help lists the commands, Ctrl-D leaves. Others come in with
                chatbox join '\(link.text)'

            """)
    }
}

extension Problem {
    init(_ error: ServerError) { self.init(.unavailable, error.sentence) }
}
