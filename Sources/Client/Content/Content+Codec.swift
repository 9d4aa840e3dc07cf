import Crypto
import TLSSyntax
import Wire

extension Content {
    private enum Kind: UInt8 {
        case text = 2
        case offer = 3
        case take = 4
        case decline = 5
        case withdraw = 6
        case cancel = 7
        case digest = 8
        case received = 9
        case bye = 10
        case broken = 11
        case closes = 12
    }

    /// The encoding, ready to be sealed.
    var encoded: [UInt8] {
        var writer = TLSWriter(capacity: 256)
        writer.write(Self.version)
        encodeBody(into: &writer)
        return writer.bytes
    }

    private func encodeBody(into writer: inout TLSWriter) {
        switch self {
        case .text(let part):
            writer.write(Kind.text.rawValue)
            part.encode(into: &writer)
        case .offer(let offer):
            writer.write(Kind.offer.rawValue)
            offer.encode(into: &writer)
        case .take(let take):
            writer.write(Kind.take.rawValue)
            writer.write(take.file)
            writer.write(take.sender)
            writer.writeFixed(take.agreement)
            writer.write(take.firstChunk)
        case .decline(let file, let sender):
            writer.write(Kind.decline.rawValue)
            writer.write(file)
            writer.write(sender)
        case .withdraw(let file, let reason):
            writer.write(Kind.withdraw.rawValue)
            writer.write(file)
            writer.write(reason.rawValue)
        case .cancel(let file, let peer, let reason):
            writer.write(Kind.cancel.rawValue)
            writer.write(file)
            writer.write(peer)
            writer.write(reason.rawValue)
        case .digest(let digest):
            writer.write(Kind.digest.rawValue)
            writer.write(digest.file)
            writer.write(digest.token)
            writer.writeFixed(digest.sha256)
        case .received(let file, let sender):
            writer.write(Kind.received.rawValue)
            writer.write(file)
            writer.write(sender)
        case .bye: writer.write(Kind.bye.rawValue)
        case .broken(let file, let token):
            writer.write(Kind.broken.rawValue)
            writer.write(file)
            writer.write(token)
        case .closes: writer.write(Kind.closes.rawValue)
        }
    }

    /// What another member said; nil for a version or type that came after this code.
    ///
    /// - Throws: `CodecError` for what no version would say.
    static func decode(_ bytes: [UInt8]) throws(CodecError) -> Content? {
        var reader = TLSReader(bytes)
        guard try reader.read(UInt8.self) == version else { return nil }
        guard let kind = Kind(rawValue: try reader.read()) else { return nil }
        let content = try decodeBody(kind, from: &reader)
        try reader.finish()
        return content
    }

    private static func decodeBody(
        _ kind: Kind, from reader: inout TLSReader
    ) throws(CodecError) -> Content {
        switch kind {
        case .text: .text(try TextPart(from: &reader))
        case .offer: .offer(try FileOffer(from: &reader))
        case .take:
            .take(
                Take(
                    file: try reader.read(), sender: try reader.read(),
                    agreement: try reader.readFixed(StreamSecret.agreementSize),
                    firstChunk: try reader.read()))
        case .decline: .decline(file: try reader.read(), sender: try reader.read())
        case .withdraw: .withdraw(file: try reader.read(), reason: try reader.readReason())
        case .cancel:
            .cancel(
                file: try reader.read(), peer: try reader.read(), reason: try reader.readReason())
        case .digest:
            .digest(
                FileDigest(
                    file: try reader.read(), token: try reader.read(),
                    sha256: try reader.readFixed(32)))
        case .received: .received(file: try reader.read(), sender: try reader.read())
        case .bye: .bye
        case .broken: .broken(file: try reader.read(), token: try reader.read())
        case .closes: .closes
        }
    }
}

extension Content.TextPart {
    fileprivate func encode(into writer: inout TLSWriter) {
        writer.write(message)
        writer.write(index)
        writer.write(count)
        writer.write(style.rawValue)
        writer.writeOpaque(bytes)
    }

    fileprivate init(from reader: inout TLSReader) throws(CodecError) {
        message = try reader.read()
        index = try reader.read()
        count = try reader.read()
        // A style that came after this code is read as plain words.
        style = Content.Style(rawValue: try reader.read(UInt8.self)) ?? .said
        bytes = try reader.readOpaque(limit: FrameLimits.maximumMessage)
        guard index < count else { throw .invalidValue("TextPart.index") }
    }
}

extension Content.FileOffer {
    fileprivate func encode(into writer: inout TLSWriter) {
        writer.write(file)
        writer.writeOpaque(name)
        writer.write(size)
        writer.writeFixed(key.withUnsafeBytes { Array($0) })
        writer.writeFixed(agreement)
        writer.writeOptional(recipient)
    }

    fileprivate init(from reader: inout TLSReader) throws(CodecError) {
        file = try reader.read()
        name = try reader.readOpaque(limit: Self.maximumName)
        size = try reader.read()
        key = SymmetricKey(data: try reader.readFixed(32))
        agreement = try reader.readFixed(StreamSecret.agreementSize)
        recipient = try reader.readOptional()
    }
}

extension TLSReader {
    fileprivate mutating func readReason() throws(CodecError) -> Content.EndReason {
        // A reason that came after this code still ends the transfer.
        Content.EndReason(rawValue: try read(UInt8.self)) ?? .cancelled
    }
}
