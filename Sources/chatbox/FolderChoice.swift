import ChatUI
import Folder
import Foundation
import Terminal

/// Finds out where received files go: as told, as answered, or the usual place.
enum FolderChoice {
    /// - Parameters:
    ///   - given: the path from the command line.
    ///   - asks: true when there is a person to ask.
    static func open(given: String?, asks: Bool) throws(Problem) -> DestinationFolder {
        let usual = Places.downloads
        if let given { return try open(HomePath.expand(given)) }
        guard asks else { return try open(usual) }
        while true {
            let shown = SafeText(untrusted: Places.abbreviated(usual))
            Output.write("Folder for received files [\(shown.string)]: ", to: STDERR_FILENO)
            guard let answer = readLine() else {
                Output.write("\n", to: STDERR_FILENO)
                throw Problem(.usage, "no folder was named; say it with --folder")
            }
            let trimmed = answer.trimmingCharacters(in: .whitespaces)
            do {
                return try open(trimmed.isEmpty ? usual : HomePath.expand(trimmed))
            } catch {
                Output.line("chatbox: \(SafeText(untrusted: error.sentence))", to: STDERR_FILENO)
            }
        }
    }

    private static func open(_ path: String) throws(Problem) -> DestinationFolder {
        do throws(FolderError) {
            return try DestinationFolder(path: path)
        } catch {
            throw Problem(error, folder: path)
        }
    }
}
