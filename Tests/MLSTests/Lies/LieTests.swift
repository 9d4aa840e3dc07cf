import TLSSyntax
import Testing

@testable import MLS

@Suite("Lies are refused, each with its own error")
struct LieTests {
    private func refuse(_ lie: Lie) throws {
        let stage = try Stage()
        let message = try lie.tell(stage)
        let before = stage.victim.group.savedState()
        #expect(throws: lie.error) { try stage.hear(message) }
        // Nothing has changed, save that node secrets of the secret tree may have been unfolded.
        #expect(stage.victim.epoch == stage.liar.epoch)
        #expect(stage.victim.group.savedState().count >= before.count)
        // And the truth is still heard.
        let truth = try stage.parties[2].group.commit()
        try stage.hear(truth.message)
    }

    @Test("in lists of proposals", arguments: Lie.proposalLists)
    func proposalLists(_ lie: Lie) throws { try refuse(lie) }

    @Test("in key packages", arguments: Lie.adds)
    func adds(_ lie: Lie) throws { try refuse(lie) }

    @Test("in updates", arguments: Lie.updates)
    func updates(_ lie: Lie) throws { try refuse(lie) }

    @Test("in paths", arguments: Lie.paths)
    func paths(_ lie: Lie) throws { try refuse(lie) }

    @Test("in messages", arguments: Lie.messages)
    func messages(_ lie: Lie) throws { try refuse(lie) }

    @Test("in external commits", arguments: Lie.externalCommits)
    func externalCommits(_ lie: Lie) throws { try refuse(lie) }
}
