#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks into the folders from which files may be sent, for completion and to tell files from
/// names. It opens nothing to be sent: that is the client's.
package struct FolderLister: Sendable {
    package struct Entry: Hashable, Sendable {
        package var name: String
        package var isFolder: Bool

        package init(name: String, isFolder: Bool) {
            self.name = name
            self.isFolder = isFolder
        }
    }

    /// Absolute paths; nothing outside of them is looked at.
    let roots: [String]
    /// Where relative paths begin.
    let current: String
    private let read: @Sendable (String) -> [Entry]

    /// Entries of one folder that are looked at.
    static let maximumEntries = 10_000

    /// - Parameters:
    ///   - roots: the folders; `/` for all.
    ///   - current: the folder that the program was started in.
    ///   - read: what is in a folder, by its absolute path.
    package init(
        roots: [String], current: String = FolderLister.workingFolder,
        read: @escaping @Sendable (String) -> [Entry] = { FolderLister.entries(of: $0) }
    ) {
        self.current = Self.simple(current)
        self.roots = roots.map { Self.simple(Self.absolute($0, current)) }
        self.read = read
    }

    /// What is in a folder whose path may be relative; nil when it is in none that files are sent
    /// from.
    func entries(in folder: String) -> [Entry]? {
        let path = Self.simple(Self.absolute(HomePath.expand(folder), current))
        guard roots.contains(where: { Self.isBeneath(path, $0) }) else { return nil }
        return read(path)
    }

    /// True for a file that may be sent.
    func isFile(_ path: String) -> Bool {
        let parts = Self.split(path)
        guard !parts.name.isEmpty, let entries = entries(in: parts.folder) else { return false }
        return entries.contains { $0.name == parts.name && !$0.isFolder }
    }

    /// The folder, with the slash that ends it, and the name in it.
    static func split(_ path: String) -> (folder: String, name: String) {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
        let after = bytes.index(after: slash)
        return (String(Substring(bytes[..<after])), String(Substring(bytes[after...])))
    }

    private static func absolute(_ path: String, _ current: String) -> String {
        path.utf8.first == UInt8(ascii: "/") ? path : "\(current)/\(path)"
    }

    /// Without `.`, `..` and doubled slashes.
    private static func simple(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    private static func isBeneath(_ path: String, _ root: String) -> Bool {
        root == "/" || path == root || path.utf8.starts(with: "\(root)/".utf8)
    }

    package static var workingFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "/" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What is in a folder, sorted, without what begins with a dot.
    package static func entries(of folder: String) -> [Entry] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while entries.count < maximumEntries, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.utf8.first != UInt8(ascii: ".") else { continue }
            entries.append(Entry(name: name, isFolder: isFolder("\(folder)/\(name)")))
        }
        return entries.sorted { $0.name < $1.name }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
