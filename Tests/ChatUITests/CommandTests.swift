import ChatUI
import Terminal
import Testing

@Suite struct CommandTests {
    @Test(
        "a line is said unless it is a command",
        arguments: [
            ("hello", Command.say("hello")), ("  indented", .say("  indented")), ("", .nothing),
            (" \t", .nothing), ("/", .say("/")), ("//who", .say("/who")), ("///", .say("//")),
            ("/who\nis", .say("/who\nis")), ("/who", .who), ("/invite", .invite), ("/help", .help),
            ("/quit", .quit), ("/transfers", .transfers), ("/accept", .accept(nil)),
            ("/accept 2", .accept(2)), ("/decline 1", .decline(1)), ("/cancel  3 ", .cancel(3)),
            ("/send a.txt", .send(path: "a.txt", to: nil)),
            ("/send 'my file.txt' ann", .send(path: "my file.txt", to: "ann")),
            ("/send \"it's\"", .send(path: "it's", to: nil)),
            ("/send a\\ b \"ann b#12\"", .send(path: "a b", to: "ann b#12")),
            ("/send 'a\\b'", .send(path: "a\\b", to: nil)), ("/send ''", .send(path: "", to: nil)),
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
            ("/send", .send), ("/send a b c", .send), ("/send 'a", .openQuote),
            ("/send a\\", .openQuote),
        ])
    func refuses(line: String, error: CommandError) {
        #expect(throws: error) { try Command(parsing: line) }
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
