import ArgumentParser
import ChatUI
import Foundation
import Terminal

/// The program: one command a verb, no arguments to host a room.
///
/// Rules of this face: standard output holds what was asked for and nothing else; questions,
/// notices and errors go to standard error; an error is one sentence that says what to do, and
/// `ExitStatus` lists what the program ends with.
@main
struct Chatbox: ParsableCommand {
    /// Told to servers and by `--version`.
    static let version = "0.1.0"
    static let agent = "chatbox/\(version)"

    static let configuration = CommandConfiguration(
        commandName: "chatbox",
        abstract: "Private group chat and file transfer for the terminal.",
        discussion: """
            Without a command, hosts a room on this machine, joins it, and prints the link by \
            which others come in.

            \(ExitStatus.table)
            """,
        version: version,
        subcommands: [
            Host.self, Join.self, Serve.self, New.self, Send.self, Listen.self,
            ClassicCommand.self,
        ],
        defaultSubcommand: Host.self)

    /// Not asynchronous: that would start threads, and a command restricts the process while it has one.
    static func main() {
        QuietSignals.ignore()
        do {
            try Arguments.refuseMangled()
            try refuseUnknownCommand(CommandLine.arguments.dropFirst().first)
            var command = try parseAsRoot()
            try command.run()
        } catch let problem as Problem {
            problem.report()
        } catch let interrupted as Interrupted {
            interrupted.end()
        } catch {
            report(error)
        }
    }

    /// The parser would take an unknown word for an argument of the default command, which has none.
    private static func refuseUnknownCommand(_ word: String?) throws(Problem) {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard let word, !word.hasPrefix("-"), !names.contains(word) else { return }
        let nearest = NearestWord.to(word, among: names)
        let hint = nearest.map { "did you mean \($0)?" } ?? "chatbox --help lists the commands"
        throw Problem(.usage, "there is no command \(word); \(hint)")
    }

    /// Help and version are answers; everything else the parser throws is a usage error.
    private static func report(_ error: any Error) -> Never {
        guard exitCode(for: error) != .success else {
            answer(fullMessage(for: error) + "\n")
        }
        let message = message(for: error)
        let hint = Arguments.textHint.map { "\($0); " } ?? ""
        Problem(.usage, "\(message); \(hint)chatbox --help lists what there is").report()
    }

    /// Help, the version, or a completion script: asked for by name, and not by a text that the parser
    /// took for options.
    private static func answer(_ text: String) -> Never {
        do throws(Problem) {
            guard Arguments.wantAnswer else {
                throw Problem(
                    .usage,
                    Arguments.textHint
                        ?? "an option was not understood; chatbox --help lists what there is")
            }
            try StandardOutput.put(text, mayClose: true)
        } catch {
            error.report()
        }
        Foundation.exit(ExitStatus.success.rawValue)
    }
}
