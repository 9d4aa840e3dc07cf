package import Folder
package import Wire

/// One person in one room: the library behind every face of the client.
///
/// SKETCH of the interface that the faces build on; the bodies are to be written.
package actor ChatClient {
    /// Everything that happens, in order. Read by one face; finishes when `run` returns.
    package nonisolated let events: AsyncStream<ClientEvent>

    package init(
        configuration: ClientConfiguration, link: RoomSecret, identity: Identity,
        connector: any Connector, folder: DestinationFolder?
    ) {
        fatalError("sketch")
    }

    /// Connects and stays in the room, through broken connections, until `leave`, cancellation or
    /// a failure that no retry can mend, which it throws as `ClientFailure`.
    package func run() async throws { fatalError("sketch") }

    /// Says something to the room; returns when it is queued. `.sent` follows with the same id.
    package func say(_ text: String) throws(ClientRefusal) -> MessageID { fatalError("sketch") }

    /// Offers a file to the room, or to one person.
    package func offer(path: String, to person: AttachmentID?) throws(ClientRefusal) -> OfferNumber
    { fatalError("sketch") }

    package func accept(_ offer: OfferNumber) throws(ClientRefusal) { fatalError("sketch") }
    package func decline(_ offer: OfferNumber) throws(ClientRefusal) { fatalError("sketch") }
    /// Ends a transfer of either direction, or takes back an offer.
    package func cancel(_ offer: OfferNumber) throws(ClientRefusal) { fatalError("sketch") }

    /// Everybody known to be in the room, this client first.
    package var people: [Person] { fatalError("sketch") }
    /// Messages not yet acknowledged and transfers under way.
    package var unfinished: (messages: Int, transfers: Int) { fatalError("sketch") }

    /// Leaves in good order: what is queued is sent (bounded in time), the room is told, `run`
    /// returns.
    package func leave() async { fatalError("sketch") }
}

package struct ClientConfiguration: Sendable {
    /// The name to be shown to others.
    package var name: String
    /// Program and version, told to the server.
    package var agent: String
    package init(name: String, agent: String) {
        self.name = name
        self.agent = agent
    }
}

/// Why something that a person asked for was not begun; nothing was lost.
package enum ClientRefusal: Error, Equatable, Sendable {
    case messageTooLong(limit: Int)
    case noSuchOffer(OfferNumber)
    case alreadyDecided(OfferNumber)
    case noSuchPerson
    /// One sentence: the file cannot be read, is a folder, …
    case file(String)
    case noFolder
    case tooManyTransfers(limit: Int)

    /// One sentence that says what happened and what to do.
    package var sentence: String { "sketch" }
}

/// Why `run` gave up.
package enum ClientFailure: Error, Equatable, Sendable {
    /// The first connection could not be made.
    case cannotConnect(ConnectionError)
    case wrongServer
    case unauthorized
    case versionMismatch
    /// Tried for the named time after the connection broke.
    case lost

    package var sentence: String { "sketch" }
}
