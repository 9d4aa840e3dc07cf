#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The one folder in which files are created, held by descriptor. When its path leads elsewhere later
/// on, nothing is created there, and nothing here either: nobody would find it.
package final class DestinationFolder: Sendable {
    /// The path as the person gave it, for showing.
    package let path: String
    let descriptor: Descriptor

    /// What is kept free: a disk filled to its last byte stops more than chatbox.
    private static let reserveDivisor: UInt64 = 20

    /// Opens the folder, creating it (and missing parents) when it is not there. Folders made here
    /// are for their owner alone.
    package init(path: String) throws(FolderError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .notAFolder }
        self.path = path
        try Self.create(path)
        let call = FolderCall.onFolder("opening the folder")
        descriptor = Descriptor(
            try system(call) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        let number = descriptor.number
        try system(call) { faccessat(number, ".", W_OK | X_OK, 0) }
        try checkTakesFiles()
    }

    /// Throws for a folder that no file can be made in: whom the system lets write anywhere it lets
    /// pass at `/proc`, too, and says no when a file comes.
    private func checkTakesFiles() throws(FolderError) {
        let name = ".chatbox-\(hexadecimal((0..<8).map { _ in UInt8.random(in: .min ... .max) }))"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = openat(descriptor.number, name, flags, PartFile.mode)
        // A disk that is full now may have room later.
        guard number >= 0 || errno == ENOSPC || errno == EDQUOT else { throw .notWritable }
        guard number >= 0 else { return }
        close(number)
        unlinkat(descriptor.number, name, 0)
    }

    /// The descriptor, for rules of the kernel; it is open as long as this folder is held.
    package var descriptorNumber: Int32 { descriptor.number }

    /// Throws when the path does not lead here any more.
    func checkPlace() throws(FolderError) {
        if isSame(as: path) { return }
        let status = try descriptor.status(.onFolder("looking at the folder"))
        // A folder that was deleted has no name left.
        throw status.st_nlink == 0 ? .gone : .replaced
    }

    /// True when this path leads to the very same folder, whatever it is called.
    package func isSame(as path: String) -> Bool { descriptor.isSame(as: path) }

    /// Makes the folder and its missing parents.
    private static func create(_ path: String) throws(FolderError) {
        let bytes = Array(path.utf8)
        let ends = bytes.indices.filter { $0 > 0 && bytes[$0] == UInt8(ascii: "/") }
        for end in ends + [bytes.endIndex] {
            let parent = String(decoding: bytes[..<end], as: UTF8.self)
            // What is there already is judged when the whole path is opened.
            var status = stat()
            if stat(parent, &status) == 0 { continue }
            guard mkdir(parent, 0o700) != 0, errno != EEXIST else { continue }
            // Some file systems of the kernel's own say that nothing is there to make it in.
            if errno == ENOENT { throw .notWritable }
            throw FolderError(errno, .onFolder("making the folder"))
        }
    }

    /// Bytes that can still be written, less a twentieth that is left to others.
    package func freeSpace() throws(FolderError) -> UInt64 {
        var status = statvfs()
        try system(.onFolder("asking for free space")) { fstatvfs(descriptor.number, &status) }
        let (free, overflow) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : free - free / Self.reserveDivisor
    }

    /// Opens the part of a transfer that was begun earlier, or makes a new empty one.
    ///
    /// - Parameters:
    ///   - id: the offer's file id, 16 bytes, in hexadecimal inside the part's name, so that the
    ///     part is found again after a restart.
    ///   - name: the file's name, made safe.
    package func openPart(id: [UInt8], name: SafeFileName) throws(FolderError) -> PartFile {
        try checkPlace()
        let partName = name.part(id: id)
        let flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC
        let created = openat(
            descriptor.number, partName, flags | O_CREAT | O_EXCL, PartFile.mode)
        if created >= 0 {
            return try PartFile(Descriptor(created), in: self, partName: partName, name: name)
        }
        guard errno == EEXIST else { throw FolderError(errno, .onFolder("making a file")) }
        guard let before = ownPart(partName) else { throw .occupied(partName) }
        let part = Descriptor(
            try system(.onFolder("opening the part of an earlier transfer")) {
                openat(descriptor.number, partName, flags | O_NONBLOCK)
            })
        let after = try part.status(.onFolder("looking at the part"))
        guard Self.isOwnPart(after), after.st_ino == before.st_ino, after.st_dev == before.st_dev
        else { throw .occupied(partName) }
        return try PartFile(part, in: self, partName: partName, name: name)
    }

    /// True when a part of this id is in the folder.
    package func hasPart(id: [UInt8], name: SafeFileName) -> Bool {
        ownPart(name.part(id: id)) != nil
    }

    private func ownPart(_ name: String) -> stat? {
        var status = stat()
        guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            Self.isOwnPart(status)
        else { return nil }
        return status
    }

    /// A plain file of ours under one name alone: not a link, pipe or device that somebody put
    /// there, nor a second name of a file elsewhere.
    private static func isOwnPart(_ status: stat) -> Bool {
        status.isRegular && status.st_uid == geteuid() && status.st_nlink == 1
    }
}

extension SafeFileName {
    /// The name of a transfer's part.
    fileprivate func part(id: [UInt8]) -> String { "\(text).\(hexadecimal(id)).part" }
}

/// Two digits a byte, lower case.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
        decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
