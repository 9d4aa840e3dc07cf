import ArgumentParser
import Foundation
import Terminal
import Transport
import Wire

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a room on a server and prints its link.",
        discussion: """
            The server is asked for its key, and the link holds it. Give the key that the \
            operator told you with --key; without it, the key that answered is shown on standard \
            error, to be compared.
            """)

    @Argument(help: "The server: HOST or HOST:PORT.")
    var server: String

    @Option(help: "The server's key, as chatbox serve prints it.")
    var key: String?

    @Flag(help: "The server has a certificate of a public authority for its name.")
    var `public` = false

    @OptionGroup(title: "The room") var room: RoomChoice

    func validate() throws {
        if key != nil && self.public {
            throw ValidationError("--key and --public cannot both be given")
        }
    }

    func run() throws {
        let address: ServerAddress
        do throws(LinkError) {
            address = try ServerAddress(parsing: server)
        } catch {
            throw Problem(.usage, "\(server) is no server's address; write HOST or HOST:PORT")
        }
        let pin = try key.map(Fingerprint.parse)
        let expected: Link.Trust? = self.public ? .publicAuthority : pin.map(Link.Trust.pin)
        let options = room.options
        try AsyncPart.run {
            let seen = try await Self.seenKey(at: address, trust: expected)
            if expected == nil { Self.show(seen) }
            let link = Link(
                address: address, trust: expected ?? .pin(seen), secret: RoomSecret(),
                options: options)
            try StandardOutput.put(link.text + "\n")
        }
    }

    private static func show(_ seen: ServerPin) {
        Output.line(
            """
            The key of this server is \(SafeText(untrusted: Fingerprint.text(seen))); \
            compare it with what its operator says.
            """, to: STDERR_FILENO)
    }

    /// Connects once: a link to nowhere is of no use, and the key is needed in it.
    private static func seenKey(
        at address: ServerAddress, trust: Link.Trust?
    ) async throws -> ServerPin {
        do {
            let connector = try ClientConnector(
                address: address, trust: trust, agent: Chatbox.agent,
                addresses: try ServerAddresses(of: address))
            return try await connector.withLink { $0.serverKey.pin }
        } catch let error as ConnectionError {
            throw Problem(error, server: address)
        }
    }
}

/// A server's key as people read it to each other: 32 hexadecimal digits.
enum Fingerprint {
    static func text(_ pin: ServerPin) -> String { Hexadecimal.text(pin.bytes) }

    /// Colons and spaces between the digits do not matter.
    static func parse(_ text: String) throws(Problem) -> ServerPin {
        let digits = text.filter { $0 != ":" && $0 != " " }
        guard let bytes = Hexadecimal.parse(digits), bytes.count == ServerPin.size else {
            throw Problem(
                .usage, "the key is not 32 hexadecimal digits; copy it as chatbox serve prints it")
        }
        return ServerPin(bytes: bytes)
    }
}
