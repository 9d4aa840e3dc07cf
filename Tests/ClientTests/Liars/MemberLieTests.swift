import MLS
import TLSSyntax
import TestSupport
import Testing
import Wire

@testable import Client

/// What stands on people's screens when a member's client does what ours never would. After each,
/// the others hear each other as before.
@Suite("On screen, a member who lies", .oneAtATime, .timeLimit(.minutes(1)))
struct MemberLieTests {
    /// A room with ann and bob, and Mallory who lies.
    private func room(needsApproval: Bool = false) throws -> (Scene, mallory: Player) {
        let scene = try Scene("mallory", "ann", "bob", needsApproval: needsApproval)
        let mallory = try scene["mallory"]
        mallory.isLiar = true
        return (scene, mallory)
    }

    /// The others see this, and go on without a new face or key.
    private func expect(
        _ scene: Scene, _ lines: [String], _ location: SourceLocation = #_sourceLocation
    ) throws {
        scene.pass(.seconds(10))
        for name in ["ann", "bob"] {
            #expect(try scene[name].news() == lines, "\(name)", sourceLocation: location)
        }
        try scene.expectHealed(location)
        for name in ["ann", "bob"] {
            let news = try scene[name].news().filter { $0.hasPrefix("-- ") }
            #expect(news == [], sourceLocation: location)
        }
    }

    // MARK: Entries

    @Test("with sealed garbage")
    func garbage() throws {
        let (scene, mallory) = try room()
        for bytes: [UInt8] in [
            [], [9], [1, 0, 200], [1, 1], [1, 0, 5] + [UInt8](repeating: 7, count: 90),
        ] {
            try mallory.append(.message, try mallory.seal(bytes))
        }
        try expect(scene, [Warned.unreadable("mallory")])
    }

    @Test("with garbage that is not even sealed, in messages and commits")
    func openGarbage() throws {
        let (scene, mallory) = try room()
        for size in [0, 1, 40, 4000] {
            try mallory.append(.message, [UInt8](repeating: 1, count: size))
        }
        for bytes: [UInt8] in [[], [9], [2, 1, 2, 3]] { try mallory.append(.commit, bytes) }
        let words = try mallory.seal([1, 2])
        try mallory.append(.commit, CommitEntry.commit(words).encoded)
        try expect(scene, [Warned.unreadable("mallory"), Warned.forbidden("mallory")])
    }

    @Test("with content that is none")
    func content() throws {
        let (scene, mallory) = try room()
        for bytes: [UInt8] in [[], [1], [1, 2], [1, 99, 1], [2, 2, 2], [1, 10, 0]] {
            try mallory.speak(.content(bytes))
        }
        let text = Content.TextPart(
            message: MessageID(number: 1), index: 0, count: 1, bytes: [0xff])
        try mallory.speak(.content(Content.text(text).encoded))
        scene.pass(.seconds(10))
        // What is not UTF-8 is shown as it can be, and never as anything else.
        #expect(try scene["ann"].news() == ["mallory: \u{FFFD}"])
    }

    @Test("about what she has, and will have")
    func claims() throws {
        let (scene, mallory) = try room()
        for sequence in [UInt64.max, 0, 1_000_000] {
            let claim = LogClaim(sequence: sequence, hash: [UInt8](repeating: 1, count: 32))
            try mallory.speak(.receipt, claim: claim)
        }
        try scene.say("who has this?", as: scene["ann"])
        let (received, missing) = try scene["ann"].receipts()
        #expect(received == [] && Set(missing) == ["bob", "mallory"])
        scene.pass(.seconds(10))
        #expect(
            try scene["bob"].news() == [Warned.different("mallory"), "ann: who has this?"])
        #expect(
            try scene["ann"].news() == [Warned.different("mallory"), "ann: who has this?"])
        #expect(try scene["ann"].receipts().received.contains("bob"))
        try scene.expectHealed()
    }

    @Test("about a later epoch, alone")
    func laterEpoch() throws {
        let (scene, mallory) = try room()
        let membership = try #require(mallory.membership)
        for _ in 0..<3 {
            guard case .privateMessage(var message) = try membership.group.encrypt([1]) else {
                return
            }
            message.epoch += 5
            try mallory.append(.message, MLSMessage.privateMessage(message).bytes)
            scene.pass(.seconds(10))
        }
        try expect(scene, [Warned.unreadable("mallory")])
    }

    @Test("as the founder of a second conversation")
    func secondFounding() throws {
        let (scene, mallory) = try room()
        let place = try #require(mallory.group.honest.place)
        let founding = Founding(
            groupID: [1, 2, 3], keys: mallory.group.honest.keys, log: place.log,
            founder: place.attachment)
        try mallory.append(.commit, CommitEntry.founding(founding).encoded)
        try expect(scene, [Warned.secondConversation])
    }

    // MARK: Newcomers

    @Test("about who asks to be let in, without end")
    func asks() throws {
        let (scene, mallory) = try room(needsApproval: true)
        for number in UInt64(9001)...9200 {
            let ghost = RoomMember(
                attachment: AttachmentID(number), name: [UInt8](repeating: 0x41, count: 64),
                identityKey: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32))
            try mallory.speak(.asks(ghost))
        }
        // Whom nobody sees is not shown, and takes no place of who is really there.
        let dan = scene.join("dan")
        scene.pass(.seconds(2))
        let tag = "dan#\(dan.keyTag)"
        for name in ["ann", "bob"] {
            #expect(
                try scene[name].news() == [
                    "-- \(tag) asks to be let in: /admit \(tag) or /refuse \(tag)"
                ])
        }
        try scene["ann"].admitAll()
        scene.pass(.seconds(30))
        try scene.expectHealed()
    }

    @Test("as a doorkeeper, with a Welcome to another tree, or to another group")
    func doorkeeper() throws {
        let (scene, mallory) = try room()
        let keys = RoomKeys(scene.secret)
        let lies = OnStage(0)
        mallory.group.answer = { sealed in
            guard case .admitted(var admission)? = DoorAnswer(sealed, keys: keys) else {
                return sealed
            }
            lies.value += 1
            switch lies.value {
            case 1: admission.ratchetTree.removeLast(40)
            case 2: admission.ratchetTree = []
            case 3: admission.briefing = admission.welcome
            case 4: admission.welcome[admission.welcome.count - 1] ^= 1
            default: break
            }
            return DoorAnswer.admitted(admission).sealed(keys)
        }
        let cleo = scene.join("cleo")
        scene.pass(.seconds(40))
        #expect(lies.value == 5)
        #expect(
            cleo.news() == [
                Warned.forgedWelcome, "-- you are cleo, with 3 others here (mallory, ann, bob)",
                "-- what was said before stays unread; /help lists the commands",
            ])
        let seen = try scene["ann"].news()
        #expect(seen.allSatisfy { $0.hasPrefix("-- cleo ") }, "\(seen)")
        try scene.expectHealed()
    }

    // MARK: Names

    @Test(
        "about her name",
        arguments: [
            ("\u{1B}[2Jann", "\"\u{241B}[2Jann\"#"), ("ann", "ann#"),
            ("ann: yes\nbob", "\"ann: yes\u{240A}bob\"#"),
            ("\u{202E}nna", "nna"), ("✓ ann", "\"✓ ann\"#"),
        ])
    func names(name: String, shown: String) throws {
        let (scene, mallory) = try room()
        try mallory.rename(to: name)
        scene.pass(.seconds(1))
        try mallory.say("I am somebody else")
        let tag = shown.hasSuffix("#") ? mallory.keyTag : ""
        let line = try #require(try scene["bob"].screen.said.last)
        #expect(line == .init(name: shown + tag, text: "I am somebody else"))
        #expect(
            try scene["bob"].screen.lines.allSatisfy { line in
                line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E }
            })
    }

    @Test("by a name that is longer than names are, or no text", arguments: [65, 5000, 0])
    func longName(size: Int) throws {
        let (scene, mallory) = try room()
        let membership = try #require(mallory.membership)
        let honest = mallory.group.honest
        var options = CommitOptions()
        options.forcesPath = true
        options.identity = try honest.session(
            membership.session.signatureKey, named: .init(repeating: 0x41, count: size))
        try mallory.commit([], options)
        try expect(scene, [Warned.forbidden("mallory")])
    }
}
