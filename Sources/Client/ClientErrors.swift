package import Wire

/// Why something that a person asked for was not begun; nothing was lost.
package enum ClientRefusal: Error, Equatable, Sendable {
    case messageTooLong(limit: Int)
    case noSuchOffer(OfferNumber)
    case alreadyDecided(OfferNumber)
    /// Its sender, or this client, took it back.
    case withdrawn(OfferNumber)
    case noSuchPerson
    /// One sentence: the file cannot be read, is a folder, …
    case file(String)
    case noFolder
    case tooManyTransfers(limit: Int)
    /// So many files of this person's are offered, or wait to be.
    case tooManyOffers(limit: Int)
    /// So many bytes wait to be sent already.
    case queueFull(limit: Int)
    /// This client has left the room, or is leaving.
    case left
    /// This client is not in the conversation yet.
    case outside
    /// Nobody of that tag waits to be let in.
    case noSuchNewcomer
    /// It would have to be done to oneself.
    case yourself
    /// The name cannot be gone by.
    case name(NameError)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .messageTooLong(let limit):
            "a message has \(limit >> 20) MiB at most; put it in a file and send that"
        case .noSuchOffer(let number):
            "there is no offer \(number.number); look at the numbers again"
        case .alreadyDecided(let number): "offer \(number.number) is decided already"
        case .withdrawn(let number):
            "offer \(number.number) was taken back; it has to be offered again"
        case .noSuchPerson: "that person is not in the room; see who is"
        case .file(let sentence): sentence
        case .noFolder: "there is no folder for received files; start again with one"
        case .tooManyTransfers(let limit):
            "\(limit) are under way already, which is the most; try again when one is done"
        case .tooManyOffers(let limit):
            "\(limit) files are offered or wait to be, which is the most; offer more when some are taken"
        case .queueFull(let limit):
            "\(limit >> 20) MiB wait to be sent already; try again when the connection is back"
        case .left: "you have left the room; join again to say something"
        case .outside: "you are not in the conversation yet; wait until a member lets you in"
        case .noSuchNewcomer: "nobody of that name waits to be let in; see who does with /who"
        case .name(let error): error.sentence
        case .yourself: "that is you; give the name of somebody else"
        }
    }
}

/// Why `run` gave up.
package enum ClientFailure: Error, Equatable, Sendable {
    /// The first connection could not be made.
    case cannotConnect(ConnectionError)
    case wrongServer
    /// The server's certificate is not to be trusted, in a room whose link has no key of it.
    case untrustedCertificate
    case unauthorized
    case versionMismatch
    /// A member took us out of the room.
    case removed(by: String)
    /// A member turned us away at the door.
    case turnedAway(by: String)
    /// A member whose program was the room's server closed it.
    case closed(by: String)
    /// Nobody answered for as long as we were to try.
    case gaveUp(after: Duration)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .cannotConnect(let error): "cannot connect: " + error.clientSentence
        case .wrongServer:
            "the server is not the one that the link names; ask for a new link, and trust no other"
        case .untrustedCertificate:
            "the server's certificate is of no authority known here, has expired, or is for another "
                + "name; look at this machine's clock and authorities, or ask for a link with its key"
        case .unauthorized: "the server did not accept this link; ask for a new one"
        case .removed(let name):
            "\(ShownName(name).text) removed you from the room; ask somebody in it for a new link"
        case .turnedAway(let name):
            "\(ShownName(name).text) did not let you in; ask them before you try again"
        case .closed(let name):
            "\(ShownName(name).text) closed the room, which their chatbox hosted; ask for another link"
        case .gaveUp(let time):
            "nobody answered for \(time.components.seconds / 60) minutes; a room that somebody's own "
                + "chatbox hosted has ended with it; ask for a new link, or start again later"
        case .versionMismatch: "the server speaks another version; update chatbox on both sides"
        }
    }
}

extension ConnectionError {
    fileprivate var clientSentence: String {
        switch self {
        case .unknownHost(let name):
            "no address is known for \(name); check the link, and the network"
        case .unreachable(let where_):
            "nobody answers at \(where_); check the link, and that the server runs"
        case .wrongServer, .untrustedCertificate: "somebody else than the link's server answered"
        case .handshake, .protocolViolation:
            "what answers there is not a chatbox server, or an old one; check the link"
        case .goodbye(.full): "the room, or its server, is full; try again later"
        case .goodbye(.shuttingDown): "the server is stopping; try again later"
        case .goodbye: "the server turned this client away; try again"
        case .lost: "the connection broke at once; try again"
        case .timeout: "the server did not answer in time; try again"
        }
    }
}
