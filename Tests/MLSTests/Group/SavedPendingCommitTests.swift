import TLSSyntax
import Testing

@testable import MLS

/// A program that ends between sending a commit and learning whether it came first.
@Suite("A pending commit that is saved")
struct SavedPendingCommitTests {
    /// The committer after a crash: its group and the state of its commit.
    private func crash(
        _ party: Party, _ pending: borrowing PendingCommit
    ) throws -> (group: [UInt8], commit: [UInt8]) {
        (party.group.savedState(), pending.savedState())
    }

    private func restart(_ party: Party, _ state: [UInt8]) throws {
        party.hold(try Group.restore(state, environment: party.environment))
    }

    @Test("is adopted when it came first", arguments: CipherSuite.supported)
    func adopted(_ suite: CipherSuite) throws {
        let parties = try makeGroup(4, suite: suite)
        let newcomer = try Party("newcomer", suite: suite, world: parties[0].world)
        let bundle = try newcomer.bundle()
        var options = CommitOptions()
        options.forcesPath = true
        let pending = try parties[1].group.commit(
            [.add(bundle.keyPackage), .remove(LeafIndex(3))], options: options)
        let authenticator = pending.epochAuthenticator
        let saved = try crash(parties[1], pending)
        for other in [parties[0], parties[2]] { try other.follow(pending.message) }

        try restart(parties[1], saved.group)
        let restored = try parties[1].group.restorePendingCommit(saved.commit)
        #expect(restored.message == pending.message)
        #expect(restored.savedState() == saved.commit)
        #expect(restored.changes.added.map(\.index) == pending.changes.added.map(\.index))
        #expect(restored.changes.removed == pending.changes.removed)
        #expect(restored.changes.updated.map(\.after) == pending.changes.updated.map(\.after))
        let welcome = restored.welcome
        try parties[1].group.adopt(restored)
        #expect(parties[1].group.epochAuthenticator == authenticator)
        #expect(agree([parties[0], parties[1], parties[2]]))
        try newcomer.join(welcome, with: bundle)
        #expect(agree([parties[0], newcomer]))
        // The private keys of the path were kept, too.
        _ = try commit(by: parties[2], to: [parties[0], parties[1], newcomer], options: options)
        #expect(agree([parties[0], parties[1], parties[2], newcomer]))
    }

    @Test("is dropped when another came first")
    func dropped() throws {
        let parties = try makeGroup(3)
        let pending = try parties[1].group.commit([.remove(LeafIndex(2))])
        let saved = try crash(parties[1], pending)
        let other = try parties[0].group.commit()

        try restart(parties[1], saved.group)
        try parties[1].follow(other.message)
        #expect(throws: MLSError.staleCommit) {
            _ = try parties[1].group.restorePendingCommit(saved.commit)
        }
        try parties[0].group.adopt(other)
        #expect(agree([parties[0], parties[1]]))
    }

    @Test("with pre-shared keys, extensions or a reinitialization says what it changes")
    func changes() throws {
        let parties = try makeGroup(2)
        var options = CommitOptions()
        options.preSharedKeys.add(Secret([1, 2, 3]), externalID: [7])
        let extensions: Extensions = [Extension(type: .init(rawValue: 0xf00d), data: [1])]
        let pending = try parties[0].group.commit(
            [.preSharedKey(.external(id: [7]))], options: options)
        let restored = try parties[0].group.restorePendingCommit(pending.savedState())
        #expect(restored.changes.preSharedKeys == [.external(id: [7])])
        let reInit = ReInit(groupID: [9], cipherSuite: parties[0].suite, extensions: extensions)
        let closing = try parties[0].group.commit([.reInit(reInit)])
        let closed = try parties[0].group.restorePendingCommit(closing.savedState())
        #expect(closed.changes.reInit == reInit)
        try parties[0].group.adopt(closed)
        #expect(parties[0].group.reInit == reInit)
    }

    @Test("is refused when it is cut, longer, or of another version")
    func refuses() throws {
        let parties = try makeGroup(2)
        let saved = try parties[0].group.commit().savedState()
        for count in stride(from: 0, to: saved.count, by: 31) {
            #expect(throws: MLSError.self) {
                _ = try parties[0].group.restorePendingCommit(Array(saved.prefix(count)))
            }
        }
        #expect(throws: MLSError.malformed(.trailingBytes)) {
            _ = try parties[0].group.restorePendingCommit(saved + [0])
        }
        #expect(throws: MLSError.unknownStateVersion(2)) {
            _ = try parties[0].group.restorePendingCommit([0, 2] + saved.dropFirst(2))
        }
    }
}
