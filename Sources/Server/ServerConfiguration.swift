package import Logging
package import NIOCore
import NIOPosix
package import Transport
import Wire

/// What a server is started with.
package struct ServerConfiguration: Sendable {
    /// Where to listen. Port 0 takes a free one. The host `::` takes IPv4 as well where the system
    /// can; `nil` means every address of this machine, IPv6 or not.
    package var listen: [Listen]
    /// Sockets that listen already, besides those.
    package var sockets: [ListeningSocket]
    package var certificate: ServerCertificate
    package var limits: ServerLimits
    /// Program and version, told to clients; at most 64 bytes of UTF-8 are.
    package var agent: String
    package var logger: Logger
    /// The event loops to run on; they are not shut down with the server.
    package var group: any EventLoopGroup
    /// Where the connections' TLS secrets are written, if they are.
    package var keyLog: KeyLog?
    /// Where logs of rooms are kept; nil for the memory of this process.
    package var store: (any RoomStore)?

    /// One address to listen at.
    package struct Listen: Hashable, Sendable {
        /// A name or address; nil for every address of this machine.
        package var host: String?
        package var port: Int

        package init(host: String?, port: Int = Int(FrameLimits.defaultPort)) {
            self.host = host
            self.port = port
        }
    }

    package init(
        listen: [Listen] = [], sockets: [ListeningSocket] = [], certificate: ServerCertificate,
        agent: String,
        limits: ServerLimits = ServerLimits(), logger: Logger = Logger(label: "chatbox"),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        keyLog: KeyLog? = nil, store: (any RoomStore)? = nil
    ) {
        self.listen = listen
        self.sockets = sockets
        self.certificate = certificate
        self.agent = agent
        self.limits = limits
        self.logger = logger
        self.group = group
        self.keyLog = keyLog
        self.store = store
    }
}

/// Why a server did not start.
package enum ServerError: Error, Equatable, Sendable {
    /// The host of a listen address is not known here.
    case unknownHost(String)
    case portInUse(Int)
    case notPermitted(Int)
    /// The address is none of this machine's.
    case addressNotHere(String)
    case cannotListen(String)
    case alreadyStarted
    case tls(String)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .unknownHost(let host):
            "the host \(host) is not known here; give an address of this machine to listen at"
        case .portInUse(let port):
            "port \(port) is in use; stop the other program, or choose another port"
        case .notPermitted(let port):
            "this user may not listen at port \(port); choose a port above 1023"
        case .addressNotHere(let host):
            "\(host) is not an address of this machine; give one that is"
        case .cannotListen(let reason): "the server cannot listen: \(reason)"
        case .alreadyStarted: "the server was started already; make another one"
        case .tls(let reason): "TLS cannot use this certificate (\(reason)); give another one"
        }
    }
}
