import ArgumentParser
import Folder
import Foundation
import Logging
import NIOCore
import Server
import Terminal
import Transport
import Wire

struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hosts a room on this machine and joins it (the default).",
        discussion: """
            The room lasts as long as this chatbox runs. Others reach it by the link that is \
            printed, when this machine can be reached from theirs.
            """)

    @OptionGroup var person: PersonOptions

    @Option(help: "The port to listen at (default: a free one).")
    var port: UInt16 = 0

    @Option(help: "The name or address in the link (default: this machine's own address).")
    var host: String?

    @Option(help: "Where received files go, and nowhere else.")
    var folder: String?

    @Flag(help: "Lines only: nothing on the screen is drawn twice.")
    var plain = false

    func run() async throws {
        let name = try host.map(Self.hostName) ?? LocalAddress.first ?? "localhost"
        _ = try person.shownName
        let isInteractive = Stay.isInteractive && !plain
        let folder = try FolderChoice.open(given: folder, asks: isInteractive)
        let server = try Self.server(port: port)
        let port = try await Self.start(server)
        let link = Link(
            address: ServerAddress(host: name, port: port), trust: .pin(server.keyHash.pin),
            secret: RoomSecret())
        Self.announce(link, toPerson: isInteractive)
        let stay = Stay(
            link: link, person: person, address: ServerAddress(host: "127.0.0.1", port: port))
        do {
            try await stay.talk(folder: folder, plain: plain)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
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

    private static func server(port: UInt16) throws -> ChatServer {
        var limits = ServerLimits()
        limits.rooms = maximumRooms
        limits.bytesInAllRooms = maximumBytes
        // The screen belongs to the conversation: what the server has to say is not printed.
        let logger = Logger(label: "chatbox") { _ in SwiftLogNoOpLogHandler() }
        return try ChatServer(
            configuration: ServerConfiguration(
                listen: [.init(host: nil, port: Int(port))],
                certificate: try ServerCertificate.temporary(), agent: Chatbox.agent,
                limits: limits, logger: logger))
    }

    private static func start(_ server: ChatServer) async throws -> UInt16 {
        do {
            let addresses = try await server.start()
            return UInt16(clamping: addresses.first?.port ?? 0)
        } catch let error as ServerError {
            throw Problem(error)
        }
    }

    private static func announce(_ link: Link, toPerson: Bool) {
        guard toPerson else {
            Output.write(link.text + "\n")
            return
        }
        Output.write(
            """
            A room is open here for as long as this chatbox runs; others come in with
            chatbox join '\(link.text)'

            """)
    }
}

extension Problem {
    init(_ error: ServerError) { self.init(.unavailable, error.sentence) }
}
