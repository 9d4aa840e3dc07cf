import ArgumentParser
import ChatUI
import Classic
import Folder
import Terminal
import Wire

struct ClassicJoin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "INSECURE: joins a conversation of the original protocol.",
        discussion: """
            \(ClassicCommand.warning) Nobody's name is checked. What you type is said; /send FILE \
            sends a file, Ctrl-D leaves. Files that others send come without being asked for, into \
            the one folder.
            """)

    @Argument(help: "The server: HOST:PORT.")
    var server: String

    @OptionGroup var person: PersonOptions

    @Option(help: "Where received files go, and nowhere else.")
    var folder: String?

    @OptionGroup var share: ShareOptions

    @OptionGroup var sandbox: SandboxOptions

    func run() throws {
        ClassicCommand.showWarning()
        let address = try Self.address(server)
        let name = SafeText(name: try person.shownName).string
        let folder = try FolderChoice.open(given: folder, asks: Stay.isInteractive)
        do {
            let client = try ClassicClient(host: address.host, port: Int(address.port))
            let confinement = Confinement(
                options: sandbox, folder: folder, shares: try share.open(), port: address.port)
            let talk = ClassicTalk(
                client: client, name: name, folder: folder, sources: confinement.sources())
            confinement.enter().show()
            try AsyncPart.run { try await talk.run() }
        } catch let error as ClassicError {
            throw Problem(error, server: address.text)
        }
    }

    private static func address(_ text: String) throws(Problem) -> ServerAddress {
        do throws(LinkError) {
            // A port can be added only where there is none.
            if let complete = try? ServerAddress(parsing: "\(text):\(ClassicCommand.defaultPort)") {
                return complete
            }
            return try ServerAddress(parsing: text)
        } catch {
            throw Problem(.usage, "\(text) is no server's address; write HOST or HOST:PORT")
        }
    }
}
