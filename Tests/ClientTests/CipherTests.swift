import Crypto
import TLSSyntax
import Testing
import Wire

@testable import Client

@Suite("A cipher under a shared secret")
struct CipherTests {
    private let secret = RoomSecret()
    private let ann = AttachmentID(1)
    private let bob = AttachmentID(2)

    private func cipher(
        _ attachment: AttachmentID, _ standing: ServerFrame.Standing = .founder,
        secret: RoomSecret? = nil
    ) throws -> (SharedSecretCipher, [CipherStep]) {
        let secret = secret ?? self.secret
        var cipher = SharedSecretCipher(secret: secret)
        let attached = ServerFrame.Attached(
            standing: standing, attachment: attachment, token: ResumeToken(number: 0),
            position: Position(log: LogID(number: 0), sequence: 0), epoch: 0, roster: [])
        let steps = cipher.attached(attached, profile: try profile(attachment, secret))
        return (cipher, steps)
    }

    private func profile(_ attachment: AttachmentID, _ secret: RoomSecret) throws -> Announcement {
        try #require(
            Identity().announce(
                name: "name \(attachment.number)", attachment: attachment,
                room: secret.accessKey.room))
    }

    private func entry(
        _ payload: [UInt8], from sender: AttachmentID, kind: EntryKind = .message
    ) -> ServerFrame.Entry {
        ServerFrame.Entry(sequence: 1, sender: sender, kind: kind, payload: payload)
    }

    @Test("opens what another member sealed")
    func roundTrip() throws {
        var (one, _) = try cipher(ann)
        var (two, _) = try cipher(bob)
        let sealed = try one.seal([1, 2, 3])
        #expect(try two.open(entry(sealed, from: ann)).content == [1, 2, 3])
        #expect(try one.seal([1, 2, 3]) != sealed)
    }

    @Test("opens nothing of another room, under another sender, or changed")
    func refusals() throws {
        var (one, _) = try cipher(ann)
        var (two, _) = try cipher(bob)
        var (stranger, _) = try cipher(bob, secret: RoomSecret())
        let sealed = try one.seal([1, 2, 3])
        #expect(throws: CipherError.notAuthentic) {
            try stranger.open(entry(sealed, from: ann))
        }
        #expect(throws: CipherError.notAuthentic) { try two.open(entry(sealed, from: bob)) }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: CipherError.notAuthentic) { try two.open(entry(changed, from: ann)) }
        }
        for count in 0..<sealed.count {
            #expect(throws: CipherError.self) {
                try two.open(entry(Array(sealed[..<count]), from: ann))
            }
        }
    }

    @Test("does not take a knock or an answer for a message, nor a message for one")
    func uses() throws {
        let (_, steps) = try cipher(bob, .newcomer)
        guard case .knock(let knock) = try #require(steps.first) else {
            Issue.record("no knock")
            return
        }
        var (doorkeeper, _) = try cipher(ann)
        #expect(throws: CipherError.notAuthentic) {
            try doorkeeper.open(entry(knock, from: bob))
        }
        var (newcomer, _) = try cipher(bob)
        let message = try newcomer.seal(profile(bob, secret).tlsEncoded)
        let asKnock = ServerFrame.Knocked(knock: KnockID(1), newcomer: bob, payload: message)
        #expect(doorkeeper.knocked(asKnock).isEmpty)
    }

    @Test("answers a crowd of knocks at once, with everybody's name")
    func knocks() throws {
        var (doorkeeper, _) = try cipher(ann)
        var newcomers: [SharedSecretCipher] = []
        for number in 2..<10 {
            let id = AttachmentID(UInt64(number))
            let (newcomer, steps) = try cipher(id, .newcomer)
            newcomers.append(newcomer)
            guard case .knock(let knock) = try #require(steps.first) else { continue }
            let wakes = doorkeeper.knocked(
                ServerFrame.Knocked(knock: KnockID(id.number), newcomer: id, payload: knock))
            #expect(wakes.contains { if case .wake = $0 { true } else { false } } == (number == 2))
        }
        let people = [try profile(ann, secret), try profile(AttachmentID(50), secret)]
        guard case .answer(let knocks, let payload) = doorkeeper.woken(people: people).first else {
            Issue.record("no answer")
            return
        }
        #expect(knocks.count == 8)
        for index in newcomers.indices {
            let answer = ServerFrame.Answered(doorkeeper: ann, payload: payload)
            guard case .learned(let learned) = newcomers[index].answered(answer).first else {
                Issue.record("nothing learned")
                continue
            }
            #expect(learned == people)
        }
        #expect(doorkeeper.woken(people: people).isEmpty)
    }

    @Test("passes over an answer that a member did not make")
    func forgedAnswer() throws {
        var (newcomer, _) = try cipher(bob, .newcomer)
        let steps = newcomer.answered(ServerFrame.Answered(doorkeeper: ann, payload: [1, 2, 3]))
        #expect(!steps.contains { if case .learned = $0 { true } else { false } })
    }

    @Test("seals nothing before it is in a room")
    func notReady() {
        var cipher = SharedSecretCipher(secret: secret)
        #expect(!cipher.isReady)
        #expect(throws: CipherError.notReady) { try cipher.seal([1]) }
    }

    @Test("passes over commits, which mean nothing to it")
    func commits() throws {
        var (one, _) = try cipher(ann)
        #expect(try one.open(entry([1, 2, 3], from: bob, kind: .commit)).content == nil)
    }
}
