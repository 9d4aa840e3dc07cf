import Terminal
import Testing

@testable import ChatUI

@Suite struct CommandTests {
    @Test(
        "a line is said unless it is a command",
        arguments: [
            ("hello", Command.say("hello")), ("  indented", .say("  indented")), ("", .nothing),
            (" \t", .nothing), ("/", .say("/")), ("//who", .say("/who")), ("///", .say("//")),
            ("/who\nis", .say("/who\nis")), ("/who", .who), ("/invite", .invite), ("/help", .help),
            ("/quit", .quit), ("/transfers", .transfers), ("/accept", .accept(nil)),
            ("/accept 2", .accept(2)), ("/decline 1", .decline(1)), ("/cancel  3 ", .cancel(3)),
            ("/send a.txt", .send(["a.txt"])),
            ("/send 'my file.txt' ann", .send(["my file.txt", "ann"])),
            ("/send \"it's\"", .send(["it's"])),
            ("/send a\\ b \"ann b#12\"", .send(["a b", "ann b#12"])),
            ("/send 'a\\b' c @d", .send(["a\\b", "c", "@d"])), ("/send ''", .send([""])),
            ("/me waves  \"x\"", .act("waves  \"x\"")), ("/name Jean Luc ", .name("Jean Luc")),
            ("/verify ann", .verify("ann", mark: nil)),
            ("/verify a b yes", .verify("a b", mark: true)),
            ("/verify \"a yes\" NO", .verify("a yes", mark: false)),
            ("/verify yes", .verify("yes", mark: nil)),
            ("/remove Jean Luc#11", .remove("Jean Luc#11")), ("/remove 'a b'", .remove("a b")),
            ("/admit", .admit(nil)), ("/refuse \"a, b\"#12", .refuse("a, b#12")),
            ("/show", .show(nil)), ("/show 3", .show(3)), ("/open", .open(nil)),
            ("/search  two words", .search("two words")), ("/clear", .clear),
            ("/notify", .notify(nil, withText: false)),
            ("/notify all text", .notify(.all, withText: true)),
            ("/notify none", .notify(NotifyLevel.none, withText: false)),
        ])
    func parses(line: String, command: Command) throws {
        #expect(try Command(parsing: line) == command)
    }

    @Test(
        "what is no command is told what was meant",
        arguments: [
            ("/quti", CommandError.unknown("/quti", nearest: "/quit")),
            ("/acept 1", .unknown("/acept", nearest: "/accept")),
            ("/frobnicate", .unknown("/frobnicate", nearest: nil)),
            ("/accept x", .number("/accept")), ("/accept 0", .number("/accept")),
            ("/accept 1 2", .number("/accept")),
            ("/accept 99999999999999999999", .number("/accept")),
            ("/send", .send), ("/send 'a", .openQuote), ("/notify sometimes", .notify),
            ("/notify all texts", .notify),
            ("/me", .missing("/me", "what you do, as in /me waves")),
            ("/remove ''", .missing("/remove", "the name of somebody here")),
            ("/send a\\", .openQuote),
        ])
    func refuses(line: String, error: CommandError) {
        #expect(throws: error) { try Command(parsing: line) }
    }

    @Test("the help fits on a screen, and names every command")
    func help() {
        #expect(HelpText.lines.count <= 21)
        let text = HelpText.lines.map(\.text.string)
        #expect(text.allSatisfy { $0.count <= 78 })
        for name in Command.names { #expect(text.contains { $0.contains(name) }, "\(name)") }
    }

    @Test("sizes, rates and times have three digits and a unit")
    func describe() {
        let sizes: [(UInt64, String)] = [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_400_000, "12.4 MB"),
            (999_999, "999 kB"), (1_000_000, "1.0 MB"), (123_456_789, "123 MB"),
            (.max, "18.4 EB"),
        ]
        for (bytes, text) in sizes { #expect(Describe.size(bytes).string == text) }
        #expect(Describe.rate(-.infinity).string == "0 B/s")
        #expect(Describe.rate(.nan).string == "0 B/s")
        #expect(Describe.time(7).string == "0:07")
        #expect(Describe.time(67).string == "1:07")
        #expect(Describe.time(7384).string == "2:03:04")
    }
}
