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
        if let given {
            let folder = try open(HomePath.expand(given))
            if let risk = try risk(of: folder), !(asks && confirms(risk)) {
                throw Problem(.cannotCreate, "\(risk); choose a folder of its own with --folder")
            }
            return folder
        }
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
                let folder = try open(trimmed.isEmpty ? usual : HomePath.expand(trimmed))
                if let risk = try risk(of: folder), !confirms(risk) { continue }
                return folder
            } catch {
                Output.line("chatbox: \(SafeText(untrusted: error.sentence))", to: STDERR_FILENO)
            }
        }
    }

    /// Why this folder makes little of the promise that only one is touched; nil when it does not.
    private static func risk(of folder: DestinationFolder) throws(Problem) -> String? {
        guard !folder.isSame(as: "/") else {
            throw Problem(.cannotCreate, "/ is every folder; choose one with --folder")
        }
        var home = HomePath.home
        while let end = home.utf8.lastIndex(of: UInt8(ascii: "/")), home.utf8.count > 1 {
            if folder.isSame(as: home) { return "your home folder is in this one, or is it" }
            home = String(home[..<end])
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let isProgramFolder = path.split(separator: ":").contains { folder.isSame(as: String($0)) }
        return isProgramFolder ? "programs are started from this folder" : nil
    }

    private static func confirms(_ risk: String) -> Bool {
        Output.write("chatbox: \(risk); use it all the same? [y/N] ", to: STDERR_FILENO)
        return readLine()?.lowercased().hasPrefix("y") == true
    }

    private static func open(_ path: String) throws(Problem) -> DestinationFolder {
        do throws(FolderError) {
            return try DestinationFolder(path: path)
        } catch {
            throw Problem(error, folder: path)
        }
    }
}
