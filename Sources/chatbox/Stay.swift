import ArgumentParser
import ChatUI
import Client
import Folder
import Foundation
import Terminal
import Transport
import Wire

/// What every command that enters a room can be told.
struct PersonOptions: ParsableArguments, Sendable {
    @Option(help: "The name that others see (default: your login name).")
    var name: String?

    var shownName: String {
        get throws(Problem) {
            // A login name was not chosen here: what is too long of it is cut off.
            guard let name else { return NSUserName() }
            do throws(NameError) {
                try PersonName.check(name)
            } catch {
                throw Problem(.usage, "--name: \(error.sentence)")
            }
            return name
        }
    }
}

/// One stay in a room, from the link to the face.
struct Stay: Sendable {
    let link: Link
    let person: PersonOptions
    /// Where to connect, when not where the link says: the room hosted here.
    var address: ServerAddress?
    var keyLog: KeyLog?

    var server: ServerAddress { address ?? link.address }

    /// Opens, reads and looks up all that the stay needs, and starts no thread.
    ///
    /// - Parameters:
    ///   - opened: files to be sent that are open already, by their paths.
    ///   - hostsRoom: whether the room's server is in this program.
    ///   - patience: after which it gives up on a server that does not answer.
    func client(
        _ confinement: Confinement, opened: [String: SourceFile] = [:], hostsRoom: Bool = false,
        patience: Duration? = nil
    ) throws -> ChatClient {
        let name = try person.shownName
        let identity = try IdentityFile().load()
        let connector = try ClientConnector(
            address: server, trust: link.trust, agent: Chatbox.agent,
            addresses: confinement.options.isWanted ? try addresses() : nil, keyLog: keyLog)
        return ChatClient(
            configuration: ClientConfiguration(
                name: name, agent: Chatbox.agent, options: link.options, hostsRoom: hostsRoom,
                patience: patience),
            link: link.secret, identity: identity, connector: connector,
            folder: confinement.folder, sources: confinement.sources(opened: opened),
            archive: KnownPeopleFile())
    }

    /// Without a person to decide, a server that has not answered for so long is taken to be gone: a
    /// network may be away for as long as that, and a script should end some day.
    static let patience: Duration = .seconds(3600)

    private func addresses() throws(Problem) -> ServerAddresses {
        do throws(ConnectionError) {
            return try ServerAddresses(of: server)
        } catch {
            throw Problem(ClientFailure.cannotConnect(error))
        }
    }

    /// True when there is a person at a terminal that can move its cursor.
    static var isInteractive: Bool {
        let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return TerminalDevice.isTerminal(STDIN_FILENO) && TerminalDevice.isTerminal(STDOUT_FILENO)
            && !kind.isEmpty && kind != "dumb"
    }

    /// Talks with a person, or with a pipe.
    ///
    /// - Parameters:
    ///   - lister: the folders that files are sent from.
    ///   - isHost: the room was announced here already.
    func talk(
        _ client: ChatClient, folder: DestinationFolder, lister: FolderLister, plain: Bool,
        isHost: Bool = false
    ) async throws {
        let poller = InputPoller(
            signals: Self.isInteractive && !plain ? TerminalFace.signals : PipeFace.signals)
        let faces = Faces(
            session: client, link: link, folder: folder, lister: lister,
            reader: InputReader(poller: poller), isHost: isHost)
        try await Self.withoutClientFailures {
            if Self.isInteractive && !plain { return try await faces.terminal.run() }
            let output = StandardOutput()
            try await faces.lines(forEars: plain || Self.isTerminal, write: output.write).run()
            // A reader who went away ended the stay in good order.
            try output.check(mayClose: true)
        }
    }

    /// Says what the client gave up for in the program's own way.
    static func withoutClientFailures(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as ClientFailure {
            throw Problem(failure)
        }
    }

    /// True when a person looks, though perhaps by way of a terminal that can do nothing.
    private static var isTerminal: Bool { TerminalDevice.isTerminal(STDOUT_FILENO) }
}

extension Link {
    /// The link of a command line.
    static func argument(_ text: String) throws(Problem) -> Link {
        do throws(LinkError) {
            return try Link(parsing: text)
        } catch {
            throw Problem(error)
        }
    }
}
