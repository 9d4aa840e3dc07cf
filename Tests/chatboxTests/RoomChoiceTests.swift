import ArgumentParser
import Testing
import Wire

@testable import chatbox

@Suite("What is chosen for a room")
struct RoomChoiceTests {
    @Test(
        "the command line is heeded",
        arguments: [
            ([], RoomOptions.default),
            (["--approve"], RoomOptions(needsApproval: true)),
            (["--suite", "hybrid"], .default),
            (["--suite", "x25519"], RoomOptions(suite: 1)),
            (["--suite", "p256"], RoomOptions(suite: 2)),
            (["--suite", "chacha20", "--approve"], RoomOptions(suite: 3, needsApproval: true)),
            (["--suite", "p521"], RoomOptions(suite: 5)),
            (["--suite", "p384"], RoomOptions(suite: 7)),
        ] as [([String], RoomOptions)])
    func choices(arguments: [String], options: RoomOptions) throws {
        #expect(try RoomChoice.parse(arguments).options == options)
        #expect(try New.parse(["example.org"] + arguments).room.options == options)
        #expect(try Host.parse(arguments).room.options == options)
    }

    @Test("every suite that a link can name has a name here, and one alone")
    func suites() {
        #expect(SuiteName.allCases.map(\.codePoint).sorted() == RoomOptions.suites.sorted())
    }

    @Test("another name is refused by telling those that there are")
    func unknown() {
        #expect {
            try RoomChoice.parse(["--suite", "rot13"])
        } throws: { error in
            let message = RoomChoice.message(for: error)
            return SuiteName.allCases.allSatisfy { message.contains($0.rawValue) }
        }
    }

    @Test("the help says what each suite is")
    func help() {
        let help = New.helpMessage()
        for name in SuiteName.allCases { #expect(help.contains("\(name.rawValue): ")) }
    }
}
