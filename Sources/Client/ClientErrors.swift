package import Wire

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
    /// So many bytes wait to be sent already.
    case queueFull(limit: Int)
    /// This client has left the room, or is leaving.
    case left

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .messageTooLong(let limit):
            "a message has \(limit >> 20) MiB at most; put it in a file and send that"
        case .noSuchOffer(let number):
            "there is no offer \(number.number); look at the numbers again"
        case .alreadyDecided(let number): "offer \(number.number) is decided already"
        case .noSuchPerson: "that person is not in the room; see who is"
        case .file(let sentence): sentence
        case .noFolder: "there is no folder for received files; start again with one"
        case .tooManyTransfers(let limit):
            "\(limit) are under way already, which is the most; try again when one is done"
        case .queueFull(let limit):
            "\(limit >> 20) MiB wait to be sent already; try again when the connection is back"
        case .left: "you have left the room; join again to say something"
        }
    }
}

/// Why `run` gave up.
package enum ClientFailure: Error, Equatable, Sendable {
    /// The first connection could not be made.
    case cannotConnect(ConnectionError)
    case wrongServer
    case unauthorized
    case versionMismatch

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .cannotConnect(let error): "cannot connect: " + error.clientSentence
        case .wrongServer:
            "the server is not the one that the link names; ask for a new link, and trust no other"
        case .unauthorized: "the server did not accept this link; ask for a new one"
        case .versionMismatch: "the server speaks another version; update chatbox on both sides"
        }
    }
}

extension ConnectionError {
    fileprivate var clientSentence: String {
        switch self {
        case .unreachable(let where_):
            "nobody answers at \(where_); check the link, and that the server runs"
        case .wrongServer: "somebody else than the link's server answered"
        case .handshake, .protocolViolation:
            "what answers there is not a chatbox server, or an old one; check the link"
        case .goodbye(.full): "the server is full; try again later"
        case .goodbye(.shuttingDown): "the server is stopping; try again later"
        case .goodbye: "the server turned this client away; try again"
        case .lost: "the connection broke at once; try again"
        case .timeout: "the server did not answer in time; try again"
        }
    }
}
