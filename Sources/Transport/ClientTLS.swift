import NIOCore
import NIOSSL
import Synchronization
import Wire

/// How a client checks who answers: by the key in the link, by a public authority, or, to learn a
/// new server's key, not at all.
final class ClientTLS: Sendable {
    private let context: NIOSSLContext
    private let host: String
    private let trust: Link.Trust?

    /// - Parameter trust: nil to accept any key, which the caller then shows to the person.
    init(host: String, trust: Link.Trust?) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = [FrameLimits.applicationProtocol]
        context = try NIOSSLContext(configuration: configuration)
        self.host = host
        self.trust = trust
    }

    /// A handler for one connection. A pinned server is told no name: its key is all that counts.
    func makeHandler() throws -> NIOSSLClientHandler {
        guard trust != .publicAuthority else {
            return try NIOSSLClientHandler(context: context, serverHostname: host)
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

    /// What a failed handshake means to a person.
    func connectionError(for error: any Error) -> ConnectionError {
        if let error = error as? ConnectionError { return error }
        if case NIOSSLError.handshakeFailed(let reason) = error {
            let text = String(describing: reason)
            return text.contains("CERTIFICATE_VERIFY_FAILED") ? .wrongServer : .handshake(text)
        }
        if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
            return .handshake(String(describing: error))
        }
        return .lost
    }
}
