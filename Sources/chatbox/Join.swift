import ArgumentParser
import Wire

struct Join: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Comes into a room.",
        discussion: """
            On a terminal it asks for the folder for received files, and for nothing else. In a \
            pipe, lines in are said and what others say comes out; at the end of the input the \
            room is left. When the host of a room closes it, or the server has not answered a pipe \
            for an hour, the exit status is 69.
            """)

    @Argument(help: "The link, in quotes: chatbox://HOST/#SECRET.")
    var link: String

    @OptionGroup var person: PersonOptions

    @Option(help: "Where received files go, and nowhere else.")
    var folder: String?

    @OptionGroup var share: ShareOptions

    @OptionGroup var sandbox: SandboxOptions

    @OptionGroup var keyLog: KeyLogOption

    @Flag(help: "Lines only: nothing on the screen is drawn twice.")
    var plain = false

    func run() throws {
        let stay = Stay(link: try Link.argument(link), person: person, keyLog: try keyLog.open())
        let folder = try FolderChoice.open(given: folder, asks: Stay.isInteractive && !plain)
        let confinement = Confinement(
            options: sandbox, folder: folder, shares: try share.open(), port: stay.server.port)
        let client = try stay.client(
            confinement, patience: Stay.isInteractive ? nil : Stay.patience)
        let lister = confinement.lister
        confinement.enter().show()
        try AsyncPart.run { [plain] in
            try await stay.talk(client, folder: folder, lister: lister, plain: plain)
        }
    }
}
