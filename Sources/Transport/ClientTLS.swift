import NIOCore
import NIOSSL
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How a client checks who answers: by the key in the link, by a public authority, or, to learn a
/// new server's key, not at all.
final class ClientTLS: Sendable {
    /// How long the other end may take to say goodbye in TLS: a person who quits waits for it.
    private static let shutdownSeconds: Int64 = 2

    /// Where systems have all public authorities in one file. It is read whole and now; a folder of
    /// them would be read later, when a sandbox may have been entered.
    private static let authorityFiles = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  // Fedora
        "/etc/ssl/ca-bundle.pem",  // openSUSE
    ]

    private let context: NIOSSLContext
    private let host: String
    private let trust: Link.Trust?

    /// - Parameters:
    ///   - trust: nil to accept any key, which the caller then shows to the person.
    ///   - keyLog: where the connections' secrets are written, if they are.
    init(host: String, trust: Link.Trust?, keyLog: KeyLog? = nil) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = [FrameLimits.applicationProtocol]
        configuration.shutdownTimeout = .seconds(Self.shutdownSeconds)
        configuration.keyLogCallback = keyLog?.callback
        // The key is checked instead of the name, which a certificate of our own does not hold.
        if trust != .publicAuthority {
            configuration.certificateVerification = .noHostnameVerification
            // Nor is any authority asked, so none is read.
            configuration.trustRoots = .certificates([])
        } else if let bundle = Self.authorityFiles.first(where: { access($0, R_OK) == 0 }) {
            configuration.trustRoots = .file(bundle)
        }
        context = try NIOSSLContext(configuration: configuration)
        self.host = host
        self.trust = trust
    }

    /// A handler for one connection. A pinned server is told no name: its key is all that counts.
    func makeHandler() throws -> NIOSSLClientHandler {
        guard trust != .publicAuthority else {
            // An address is no name to ask for; NIOSSL then checks that the certificate has it.
            let number = String(host.prefix { $0 != "%" })
            let isAddress = (try? SocketAddress(ipAddress: number, port: 0)) != nil
            return try NIOSSLClientHandler(
                context: context, serverHostname: isAddress ? nil : host)
        }
        return try NIOSSLClientHandler(
            context: context, serverHostname: nil,
            customVerificationCallback: { [trust] chain, promise in
                promise.succeed(
                    Self.accepts(chain.first, trust: trust) ? .certificateVerified : .failed)
            })
    }

    private static func accepts(_ certificate: NIOSSLCertificate?, trust: Link.Trust?) -> Bool {
        guard let certificate, let key = try? keyHash(of: certificate) else { return false }
        guard case .pin(let pin) = trust else { return trust == nil }
        return key.pin == pin
    }

    /// The hash of a certificate's public key.
    static func keyHash(of certificate: NIOSSLCertificate) throws -> ServerKeyHash {
        ServerKeyHash(ofPublicKey: try certificate.extractPublicKey().toSPKIBytes())
    }

    /// The other end closed the connection instead of answering. A server does so under load or while
    /// it restarts, and a proxy when nothing is behind it: it says nothing of what answers there.
    private static func isClosing(_ reason: BoringSSLError) -> Bool {
        switch reason {
        case .zeroReturn, .syscallError, .sslError([.eofDuringHandshake]): true
        default: false
        }
    }

    /// What a failed handshake or a broken connection means to a person.
    func connectionError(for error: any Error) -> ConnectionError {
        if let error = error as? ConnectionError { return error }
        if case NIOSSLError.handshakeFailed(let reason) = error {
            if Self.isClosing(reason) { return .lost }
            let text = String(describing: reason)
            guard text.contains("CERTIFICATE_VERIFY_FAILED") else { return .handshake(text) }
            return trust == .publicAuthority ? .untrustedCertificate : .wrongServer
        }
        if error as? NIOSSLExtraError == .failedToValidateHostname { return .untrustedCertificate }
        if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
            return .handshake(String(describing: error))
        }
        return .lost
    }
}
