import Testing
import Transport
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of its own for a test, removed afterwards.
private final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/chatbox-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }

    deinit {
        for name in ["state/server.pem", "server.pem", "other.pem"] { unlink(path + "/" + name) }
        rmdir(path + "/state")
        rmdir(path)
    }

    func mode(_ name: String) -> mode_t? {
        var information = stat()
        guard stat(path + "/" + name, &information) == 0 else { return nil }
        return information.st_mode & 0o777
    }

    func write(_ name: String, _ text: String) {
        let file = fopen(path + "/" + name, "w")
        if let file {
            fputs(text, file)
            fclose(file)
            chmod(path + "/" + name, 0o600)
        }
    }
}

@Suite("The certificate of a server") struct CertificateTests {
    @Test("is made once, for its owner alone, and kept")
    func kept() throws {
        let folder = try ScratchFolder()
        let first = try ServerCertificate(stateFolder: folder.path + "/state")
        #expect(folder.mode("state") == 0o700)
        #expect(folder.mode("state/server.pem") == 0o600)
        let second = try ServerCertificate(stateFolder: folder.path + "/state")
        #expect(first.keyHash == second.keyHash)
        let other = try ServerCertificate.temporary()
        #expect(other.keyHash != first.keyHash)
        _ = try ServerTLS(certificate: second)
    }

    @Test("a damaged file is said to be one, not replaced")
    func damaged() throws {
        let folder = try ScratchFolder()
        folder.write("server.pem", "nonsense")
        #expect(throws: ServerCertificateError.damaged(folder.path + "/server.pem")) {
            _ = try ServerCertificate(stateFolder: folder.path)
        }
    }

    @Test("a state folder that cannot be is said to be one")
    func impossibleFolder() throws {
        let folder = try ScratchFolder()
        folder.write("server.pem", "")
        #expect {
            _ = try ServerCertificate(stateFolder: folder.path + "/server.pem/state")
        } throws: { error in
            if case .folder? = error as? ServerCertificateError { true } else { false }
        }
    }

    @Test(
        "a key that others can read or write is not used",
        arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
    func open(mode: mode_t) throws {
        let folder = try ScratchFolder()
        _ = try ServerCertificate(stateFolder: folder.path)
        chmod(folder.path + "/server.pem", mode)
        #expect {
            _ = try ServerCertificate(stateFolder: folder.path)
        } throws: { error in
            guard case .folder(let sentence)? = error as? ServerCertificateError else {
                return false
            }
            return sentence.contains("chmod 600")
        }
    }

    @Test("a pipe in place of the key is not waited for", .timeLimit(.minutes(1)))
    func pipe() throws {
        let folder = try ScratchFolder()
        #expect(mkfifo(folder.path + "/server.pem", 0o600) == 0)
        #expect(throws: ServerCertificateError.self) {
            _ = try ServerCertificate(stateFolder: folder.path)
        }
    }

    @Test("files of the user's are taken as a pair")
    func given() throws {
        let folder = try ScratchFolder()
        let other = try ScratchFolder()
        let own = try ServerCertificate(stateFolder: folder.path)
        _ = try ServerCertificate(stateFolder: other.path)
        let pem = folder.path + "/server.pem"
        let given = try ServerCertificate(certificateFile: pem, keyFile: pem)
        #expect(given.keyHash == own.keyHash)
        let otherPEM = other.path + "/server.pem"
        #expect(throws: ServerCertificateError.mismatch(pem, otherPEM)) {
            _ = try ServerCertificate(certificateFile: pem, keyFile: otherPEM)
        }
        let missing = folder.path + "/missing.pem"
        #expect(throws: ServerCertificateError.unreadable(missing)) {
            _ = try ServerCertificate(certificateFile: missing, keyFile: pem)
        }
    }
}
