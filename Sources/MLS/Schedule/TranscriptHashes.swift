import TLSSyntax

/// The transcript hashes (RFC 9420 section 8.2).
enum TranscriptHashes {
    /// Over the last interim hash and `ConfirmedTranscriptHashInput`.
    static func confirmed(
        interim: [UInt8], commit: AuthenticatedContent, suite: Suite
    ) -> [UInt8] {
        var input = TLSWriter(capacity: 1024)
        input.writeFixed(interim)
        input.write(commit.wireFormat)
        input.write(commit.content)
        input.writeOpaque(commit.auth.signature)
        return suite.hash.hash(input.bytes)
    }

    /// Over the confirmed hash and `InterimTranscriptHashInput`.
    static func interim(confirmed: [UInt8], confirmationTag: [UInt8], suite: Suite) -> [UInt8] {
        var input = TLSWriter()
        input.writeFixed(confirmed)
        input.writeOpaque(confirmationTag)
        return suite.hash.hash(input.bytes)
    }
}
