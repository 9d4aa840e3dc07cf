#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder from which files may be sent, held by descriptor.
package struct SharedFolder: Sendable {
    /// The path as the person gave it, for showing.
    package let path: String
    /// As it was given and as it is without links: either may be typed.
    let places: [FolderPath]
    private let descriptor: Descriptor

    /// Opens a folder for reading. Links to it are followed, since the path is the person's own.
    package init(path: String) throws(FolderError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .notAFolder }
        let number = try system(.onFolder("opening the folder")) {
            open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        self.init(path: path, descriptor: Descriptor(number))
    }

    /// The folder for received files: from there they can be sent on.
    package init(_ folder: DestinationFolder) {
        self.init(path: folder.path, descriptor: folder.descriptor)
    }

    private init(path: String, descriptor: Descriptor) {
        self.path = path
        self.descriptor = descriptor
        let working = FolderPath.working
        places = [path, FolderPath.withoutLinks(path) ?? path].map {
            FolderPath($0, relativeTo: working)
        }
    }

    /// The descriptor, for rules of the kernel; it is open as long as this folder is held.
    package var descriptorNumber: Int32 { descriptor.number }

    /// True when this path leads to the very same folder, whatever it is called.
    package func isSame(as path: String) -> Bool { descriptor.isSame(as: path) }

    /// A file in it; nil when the path does not lead into it.
    func file(at path: FolderPath) throws(FolderError) -> SourceFile? {
        for place in places {
            if let rest = place.rest(of: path) {
                return try SourceFile(beneath: descriptor, components: rest)
            }
        }
        return nil
    }
}

/// Where the files that this person sends may be.
package struct SharedFolders: Sendable {
    private let folders: [SharedFolder]?
    private let opened: [String: SourceFile]
    private let working: String

    /// - Parameters:
    ///   - folders: files beneath these can be sent, and no others.
    ///   - opened: files that were opened already, by the path that was given for them.
    package init(_ folders: [SharedFolder], opened: [String: SourceFile] = [:]) {
        self.init(folders: folders, opened: opened)
    }

    private init(folders: [SharedFolder]?, opened: [String: SourceFile]) {
        self.folders = folders
        self.opened = opened
        working = FolderPath.working
    }

    /// Any file that the person may read.
    package static let anywhere = SharedFolders(folders: nil, opened: [:])

    /// Opens a file to be sent: beneath the folders, by their descriptors and through no link.
    ///
    /// - Parameter path: absolute, or relative to where the program was started.
    package func open(_ path: String) throws(FolderError) -> SourceFile {
        if let file = opened[path] { return file }
        guard let folders else { return try SourceFile(path: path) }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .noSuchFile }
        let place = FolderPath(path, relativeTo: working)
        for folder in folders {
            if let file = try folder.file(at: place) { return file }
        }
        throw .notShared(place.parent.text)
    }
}
