import ArgumentParser
import ChatUI
import Client
import Folder
import Foundation
import Terminal
import Wire

struct Listen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stays in a room for a program: JSON lines out, JSON lines in.",
        discussion: """
            Every event is one JSON object a line, its type first; commands are read from standard \
            input the same way, such as {"type":"say","text":"hello"}. The end of the input does \
            not end the stay: {"type":"quit"}, SIGINT or SIGTERM does. When the host of a room closes \
            it, or the server has not answered for an hour, the exit status is 69.
            """)

    @Argument(help: "The link, in quotes: chatbox://HOST/#SECRET.")
    var link: String

    @OptionGroup var person: PersonOptions

    @Flag(help: "JSON lines, the one format there is so far.")
    var json = false

    @Option(help: "Where received files go, and nowhere else.")
    var folder: String?

    @OptionGroup var share: ShareOptions

    @OptionGroup var sandbox: SandboxOptions

    @OptionGroup var keyLog: KeyLogOption

    @Flag(help: "Takes every file that is offered.")
    var acceptAll = false

    func validate() throws {
        if !json { throw ValidationError("listen speaks JSON: add --json") }
    }

    func run() throws {
        let stay = Stay(link: try Link.argument(link), person: person, keyLog: try keyLog.open())
        let folder = try FolderChoice.open(given: folder, asks: false)
        let confinement = Confinement(
            options: sandbox, folder: folder, shares: try share.open(), port: stay.server.port)
        let client = try stay.client(confinement, patience: Stay.patience)
        let kept = confinement.enter()
        let output = StandardOutput()
        _ = output.write(kept.event.line + "\n")
        try output.check(mayClose: false)
        try AsyncPart.run { [acceptAll] in
            let reader = InputReader(poller: InputPoller(signals: JSONFace.signals))
            try await Stay.withoutClientFailures {
                try await JSONFace(
                    session: client, link: stay.link, folder: folder.path,
                    acceptsAll: acceptAll, reader: reader, write: output.write
                ).run()
            }
            // A reader who went away ended the stay in good order.
            try output.check(mayClose: true)
        }
    }
}
