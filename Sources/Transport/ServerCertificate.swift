import Crypto
import Foundation
package import NIOSSL
import SwiftASN1
package import Wire
import X509

/// What a server shows to prove who it is: a certificate chain and its private key.
package struct ServerCertificate: Sendable {
    package let chain: [NIOSSLCertificate]
    package let key: NIOSSLPrivateKey
    /// What a link's pin is made of, and what proofs for rooms are bound to.
    package let keyHash: ServerKeyHash

    /// The name of the file, in the state folder, that holds the key and the certificate.
    private static let fileName = "server.pem"

    /// A certificate of our own is known by its key, never by its dates: it outlives the server.
    private static let validity: TimeInterval = 50 * 365 * 86_400
    /// Clocks of clients may be behind ours.
    private static let clockSlack: TimeInterval = 86_400

    private init(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws {
        guard let leaf = chain.first else { throw NIOSSLError.failedToLoadCertificate }
        self.chain = chain
        self.key = key
        keyHash = ServerKeyHash(ofPublicKey: try leaf.extractPublicKey().toSPKIBytes())
    }

    /// The certificate of a server that keeps its state in `folder`: made there on first start,
    /// loaded afterwards, so that links stay good.
    ///
    /// The folder is made with mode 0700, the file with 0600.
    package init(stateFolder folder: String) throws(ServerCertificateError) {
        let file = StateFile(folder: folder, name: Self.fileName)
        do {
            let pem: [UInt8]
            if let kept = try file.read() {
                pem = kept
            } else {
                pem = try file.create(Array(try Self.makePEM().utf8))
            }
            self = try Self(pem: pem)
        } catch let error as StateFileError {
            throw .folder(error.sentence)
        } catch {
            throw .damaged(file.path)
        }
    }

    /// A certificate given as PEM files, as a public authority or an operator makes them.
    ///
    /// - Parameters:
    ///   - certificateFile: the chain, the server's own certificate first.
    ///   - keyFile: the private key of the first certificate.
    package init(
        certificateFile: String, keyFile: String
    ) throws(ServerCertificateError) {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
        } catch {
            throw .unreadable(certificateFile)
        }
        do {
            key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        } catch {
            throw .unreadable(keyFile)
        }
        do {
            self = try Self(chain: chain, key: key)
            _ = try ServerTLS(certificate: self)
        } catch {
            throw .mismatch(certificateFile, keyFile)
        }
    }

    /// A certificate that is kept nowhere, for a server that lives as long as one conversation.
    package static func temporary() throws -> ServerCertificate {
        try Self(pem: Array(try makePEM().utf8))
    }

    /// The first host name that the certificate is for, when there is one; a wildcard is none.
    package var hostName: String? {
        guard let der = try? chain.first?.toDERBytes(),
            let certificate = try? Certificate(derEncoded: der),
            let names = try? certificate.extensions.subjectAlternativeNames
        else { return nil }
        for case .dnsName(let name) in names where !name.contains("*") { return name }
        return nil
    }

    private init(pem: [UInt8]) throws {
        try self.init(
            chain: try NIOSSLCertificate.fromPEMBytes(pem),
            key: try NIOSSLPrivateKey(bytes: pem, format: .pem))
    }

    /// A fresh P-256 key and a certificate signed by it, as one PEM text.
    private static func makePEM() throws -> String {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("chatbox") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSinceNow: -clockSlack),
            notValidAfter: Date(timeIntervalSinceNow: validity),
            issuer: name, subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                SubjectAlternativeNames([.dnsName("chatbox")])
            },
            issuerPrivateKey: key)
        return try key.serializeAsPEM().pemString + "\n"
            + certificate.serializeAsPEM().pemString + "\n"
    }
}

/// Why there is no certificate to start with.
package enum ServerCertificateError: Error, Equatable, Sendable {
    /// One sentence about the state folder.
    case folder(String)
    /// The file in the state folder is not what was once written there.
    case damaged(String)
    case unreadable(String)
    case mismatch(String, String)

    /// One sentence that says what happened and what to do.
    package var sentence: String {
        switch self {
        case .folder(let sentence): sentence
        case .damaged(let path):
            "\(path) is damaged; put back a copy, or remove it to start with a new key (and new links)"
        case .unreadable(let path):
            "\(path) cannot be read as PEM; give the path of a readable PEM file"
        case .mismatch(let certificate, let key):
            "the key in \(key) does not belong to the certificate in \(certificate); give a pair"
        }
    }
}
