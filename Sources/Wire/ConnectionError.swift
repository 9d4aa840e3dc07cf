/// Why a connection could not be made or ended early. The cases are what a user is told apart.
package enum ConnectionError: Error, Equatable, Sendable {
    /// No address is known for the name.
    case unknownHost(String)
    /// Nobody answers there.
    case unreachable(String)
    /// The server's key is not the one in the link: somebody else is answering.
    case wrongServer
    /// Its certificate is of no authority that this machine trusts, has expired, or is for another
    /// name.
    case untrustedCertificate
    /// TLS could not be agreed on: not a chatbox server, or an old one.
    case handshake(String)
    /// The server said why it closes.
    case goodbye(GoodbyeReason)
    /// The other end spoke something else.
    case protocolViolation
    /// The connection broke.
    case lost
    /// Nothing happened for too long.
    case timeout
}
