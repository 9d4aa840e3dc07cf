import NIOCore
package import NIOSSL
package import Wire

/// A server's side of TLS 1.3: one context for all connections.
///
/// The groups for the key exchange are BoringSSL's own choice, which begins with the post-quantum
/// hybrid X25519MLKEM768.
package struct ServerTLS: Sendable {
    /// How long a connection that we close may take to say goodbye in TLS: half of the time that a
    /// server has to stop.
    private static let shutdownSeconds: Int64 = 2

    private let context: NIOSSLContext
    /// What proofs for rooms are bound to.
    package let keyHash: ServerKeyHash

    /// - Parameter keyLog: where the connections' secrets are written, if they are.
    package init(certificate: ServerCertificate, keyLog: KeyLog? = nil) throws {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificate.chain.map { .certificate($0) },
            privateKey: .privateKey(certificate.key))
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = [FrameLimits.applicationProtocol]
        configuration.shutdownTimeout = .seconds(Self.shutdownSeconds)
        configuration.keyLogCallback = keyLog?.callback
        context = try NIOSSLContext(configuration: configuration)
        keyHash = certificate.keyHash
    }

    /// A handler for one connection.
    package func makeHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context)
    }
}
