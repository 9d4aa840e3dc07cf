import ChatUI
import Foundation

/// Where things are kept: the folders of the XDG base directory specification, on every system.
enum Places {
    /// The identity and, later, settings.
    static var configuration: String { base("XDG_CONFIG_HOME", ".config") + "/chatbox" }

    /// What a server keeps between starts: its key and certificate.
    static var serverState: String { base("XDG_STATE_HOME", ".local/state") + "/chatbox/server" }

    /// Where received files go when nothing else is said.
    static var downloads: String { (userDownloads ?? "\(HomePath.home)/Downloads") + "/chatbox" }

    /// The specification wants relative paths to be ignored.
    private static func base(_ variable: String, _ fallback: String) -> String {
        let value = ProcessInfo.processInfo.environment[variable] ?? ""
        return value.hasPrefix("/") ? value : "\(HomePath.home)/\(fallback)"
    }

    /// The folder that the desktop calls the downloads: `XDG_DOWNLOAD_DIR="$HOME/…"`.
    private static var userDownloads: String? {
        let path = base("XDG_CONFIG_HOME", ".config") + "/user-dirs.dirs"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let prefix = "XDG_DOWNLOAD_DIR=\""
        for line in text.split(separator: "\n") where line.hasPrefix(prefix) {
            let value = line.dropFirst(prefix.count).prefix { $0 != "\"" }
            if value.hasPrefix("$HOME/") { return HomePath.home + value.dropFirst("$HOME".count) }
            if value.hasPrefix("/") { return String(value) }
        }
        return nil
    }

    /// A path with the home folder shown as `~`.
    static func abbreviated(_ path: String) -> String {
        path.hasPrefix(HomePath.home + "/") ? "~" + path.dropFirst(HomePath.home.count) : path
    }
}
