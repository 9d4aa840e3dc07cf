import ArgumentParser
import ChatUI
import Classic
import NIOCore
import Server
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct ClassicServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "INSECURE: runs a server of the original protocol, until it is stopped.",
        discussion: """
            \(ClassicCommand.warning) It listens for this machine alone unless --host says \
            otherwise. When it stops it resets every connection, as the original did.
            """)

    @Option(help: "The address to listen at; 0.0.0.0 for every one of this machine.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen at; 0 for a free one.")
    var port = ClassicCommand.defaultPort

    @Option(help: "The number that is sent to every client, 0 to 255 (default: a random one).")
    var key: UInt8?

    @OptionGroup var sandbox: SandboxOptions

    func run() throws {
        ClassicCommand.showWarning()
        let number = key ?? UInt8.random(in: 0...255)
        let socket: ListeningSocket
        do throws(ServerError) {
            socket = try ListeningSocket(.init(host: host, port: Int(port)))
        } catch {
            throw Problem(error)
        }
        let port = UInt16(clamping: socket.address.port ?? 0)
        Confinement(options: sandbox, ownPort: port).enter().show()
        let line: SafeText = """
            listening at \(SafeText(untrusted: host)) port \(port), insecurely; \
            the key's number is \(number)
            """
        try AsyncPart.run { try await Self.serve(socket, number, announcement: line) }
    }

    private static func serve(
        _ socket: ListeningSocket, _ number: UInt8, announcement: SafeText
    ) async throws {
        let signals = InputReader(
            poller: InputPoller(descriptor: -1, signals: [SIGINT, SIGTERM, SIGHUP]))
        let server: ClassicServer
        do throws(ClassicError) {
            server = try await ClassicServer.start(
                at: .descriptor(socket.take()), keyNumber: number, report: report)
        } catch {
            throw Problem(error)
        }
        Output.line(announcement)
        _ = await signals.next()
        await server.stop()
        Output.line("-- stopped; every connection was reset", to: STDERR_FILENO)
    }

    private static func report(_ event: ClassicServer.Event) {
        let line: SafeText =
            switch event {
            case .came(let count): "-- somebody came; here: \(count)"
            case .left(let count): "-- somebody left; here: \(count)"
            case .cutOff(.violation): "-- somebody does not speak the protocol and is cut off"
            case .cutOff(.slow): "-- somebody reads nothing and is cut off"
            case .cutOff(.crowded): "-- unfinished messages are too many; the longest is cut off"
            case .turnedAway: "-- somebody was turned away; the server is full"
            }
        Output.line(line, to: STDERR_FILENO)
    }
}
