import Crypto
import TLSSyntax
package import Wire

/// Seals under a key that everybody with the link can derive.
///
/// It keeps the server blind. It has no forward secrecy: whoever gets the link later can open what
/// was kept of earlier. AES-256-GCM with random 96-bit nonces: one room's key is good for 2^32
/// entries. A newcomer is usable at once; its knock asks for names, not for keys.
package struct SharedSecretCipher: RoomCipher {
    /// What a sealed payload is; bound to it, so that none can pass for another.
    private enum Use: UInt8 {
        case message = 1
        case commit = 2
        case knock = 3
        case answer = 4
    }

    /// How long knocks are gathered, so that one answer serves a crowd.
    static let gathering: Duration = .milliseconds(30)
    /// People named in one answer: at most 170 bytes each, they fit in a frame.
    static let maximumNamed = 20_000
    /// Knocks that wait for an answer; the server asks somebody else for those beyond.
    static let maximumWaiting = 4096
    private static let nonceSize = 12
    private static let tagSize = 16
    /// Bytes that sealing adds.
    static let overhead = nonceSize + tagSize

    private let key: SymmetricKey
    private let room: RoomID
    private var attachment: AttachmentID?
    private var waiting: [KnockID] = []

    package init(secret: RoomSecret) {
        key = secret.deriveKey("sealed entries")
        room = secret.accessKey.room
    }

    package var isReady: Bool { attachment != nil }

    package mutating func attached(
        _ attached: ServerFrame.Attached, profile: Announcement
    ) -> [CipherStep] {
        attachment = attached.attachment
        waiting = []
        switch attached.standing {
        case .founder, .resumed: return [.ready(true)]
        case .newcomer:
            guard let knock = try? seal(profile.tlsEncoded, as: .knock) else { return [] }
            return [.knock(knock)]
        }
    }

    package mutating func reset(to position: Position) -> [CipherStep] { [] }

    package mutating func knocked(_ knock: ServerFrame.Knocked) -> [CipherStep] {
        // Who cannot seal a profile has not got the link; let another say so too.
        guard let profile = try? open(knock.payload, as: .knock, by: knock.newcomer),
            let announcement = try? Announcement(tlsEncoded: profile),
            announcement.attachment == knock.newcomer, waiting.count < Self.maximumWaiting
        else { return [] }
        waiting.append(knock.knock)
        let learned = CipherStep.learned([announcement])
        return waiting.count == 1 ? [learned, .wake(after: Self.gathering)] : [learned]
    }

    package mutating func woken(people: [Announcement]) -> [CipherStep] {
        guard !waiting.isEmpty else { return [] }
        var writer = TLSWriter()
        writer.writeVector(people.prefix(Self.maximumNamed))
        guard let answer = try? seal(writer.bytes, as: .answer) else { return [] }
        let knocks = waiting.prefix(FrameLimits.maximumKnocksPerAnswer)
        waiting.removeFirst(knocks.count)
        let step = CipherStep.answer(knocks: Array(knocks), payload: answer)
        return waiting.isEmpty ? [step] : [step, .wake(after: .zero)]
    }

    package mutating func answered(_ answer: ServerFrame.Answered) -> [CipherStep] {
        guard let list = try? open(answer.payload, as: .answer, by: answer.doorkeeper) else {
            return [.ready(true)]
        }
        var reader = TLSReader(list)
        let limit = Self.maximumNamed * Announcement.maximumSize
        guard let people = try? reader.readVector(of: Announcement.self, limit: limit) else {
            return [.ready(true)]
        }
        return [.learned(people), .ready(true)]
    }

    package mutating func unanswered() -> [CipherStep] { [.ready(true)] }

    package mutating func namesMissing(profile: Announcement) -> [CipherStep] {
        guard let knock = try? seal(profile.tlsEncoded, as: .knock) else { return [] }
        return [.knock(knock)]
    }

    package mutating func settled(
        _ ticket: CipherStep.Ticket, _ outcome: OldAppendOutcome
    ) -> [CipherStep] { [] }

    package mutating func presence(_ presence: Presence) -> [CipherStep] { [] }

    package mutating func seal(_ content: [UInt8]) throws(CipherError) -> [UInt8] {
        try seal(content, as: .message)
    }

    package mutating func open(
        _ entry: ServerFrame.Entry
    ) throws(CipherError) -> OpenedEntry {
        // Nobody commits to anything under a shared secret.
        guard entry.kind == .message else { return OpenedEntry(content: nil) }
        return OpenedEntry(content: try open(entry.payload, as: .message, by: entry.sender))
    }

    private func seal(_ bytes: [UInt8], as use: Use) throws(CipherError) -> [UInt8] {
        guard let attachment else { throw .notReady }
        let bound = associatedData(use, sender: attachment)
        guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: bound) else {
            throw .malformed
        }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(bytes.count + Self.overhead)
        box.nonce.withUnsafeBytes { sealed.append(contentsOf: $0) }
        sealed.append(contentsOf: box.ciphertext)
        sealed.append(contentsOf: box.tag)
        return sealed
    }

    private func open(
        _ sealed: [UInt8], as use: Use, by sender: AttachmentID
    ) throws(CipherError) -> [UInt8] {
        guard sealed.count >= Self.overhead else { throw .malformed }
        let body = sealed[Self.nonceSize..<sealed.count - Self.tagSize]
        guard let nonce = try? AES.GCM.Nonce(data: sealed.prefix(Self.nonceSize)),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: body, tag: sealed.suffix(Self.tagSize)),
            let bytes = try? AES.GCM.open(
                box, using: key, authenticating: associatedData(use, sender: sender))
        else { throw .notAuthentic }
        return Array(bytes)
    }

    private func associatedData(_ use: Use, sender: AttachmentID) -> [UInt8] {
        var writer = TLSWriter(capacity: 41)
        writer.write(room)
        writer.write(use.rawValue)
        writer.write(sender)
        return writer.bytes
    }
}
