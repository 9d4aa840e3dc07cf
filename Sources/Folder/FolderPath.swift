#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An absolute path as its components, compared by bytes as the kernel does: to a `Character`, a
/// slash that carries a combining mark is no slash.
///
/// `.` and `..` are worked out on the text, without a look at the disk. That decides only where a
/// file is looked for; the kernel decides whether it is there.
struct FolderPath: Equatable {
    private(set) var components: [[UInt8]] = []

    /// - Parameter folder: what a relative path is relative to; itself absolute.
    init(_ path: String, relativeTo folder: String) {
        let slash = UInt8(ascii: "/")
        let isAbsolute = path.utf8.first == slash
        let whole = isAbsolute ? Array(path.utf8) : Array(folder.utf8) + [slash] + Array(path.utf8)
        for component in whole.split(separator: slash) {
            switch component {
            case [UInt8(ascii: ".")]: break
            case [UInt8(ascii: "."), UInt8(ascii: ".")]: _ = components.popLast()
            default: components.append(Array(component))
            }
        }
    }

    var text: String {
        "/" + String(decoding: Array(components.joined(separator: [0x2F])), as: UTF8.self)
    }

    /// The components of a path beneath this one; nil when it is not beneath.
    func rest(of path: FolderPath) -> [[UInt8]]? {
        guard path.components.count > components.count,
            path.components.starts(with: components)
        else { return nil }
        return Array(path.components.dropFirst(components.count))
    }

    /// The folder that this is in.
    var parent: FolderPath {
        var parent = self
        _ = parent.components.popLast()
        return parent
    }

    /// Where the process works; `/` when nobody can say.
    static var working: String { withMemory { getcwd($0, $1) } ?? "/" }

    /// The path without links; nil when there is nothing at it.
    static func withoutLinks(_ path: String) -> String? {
        withMemory { buffer, _ in realpath(path, buffer) }
    }

    private static func withMemory(
        _ body: (UnsafeMutablePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
    ) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            body(buffer.baseAddress, buffer.count).map { String(cString: $0) }
        }
    }
}
