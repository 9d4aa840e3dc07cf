import Foundation
import Testing

@testable import Folder

@Suite struct SharedFoldersTests {
    /// A shared folder with a file in it and in a folder in it, and a file beside it.
    private func withFolders(_ body: (String, SharedFolders) throws -> Void) throws {
        try withTemporaryFolder { path in
            let files = FileManager.default
            try files.createDirectory(
                atPath: path + "/shared/deep", withIntermediateDirectories: true)
            for name in ["secret", "shared/a", "shared/deep/b"] {
                try Data(name.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            }
            for (name, target) in [
                ("out", path), ("file", path + "/secret"), ("in", "deep"), ("up", ".."),
            ] {
                try files.createSymbolicLink(
                    atPath: "\(path)/shared/\(name)", withDestinationPath: target)
            }
            try body(path, SharedFolders([try SharedFolder(path: path + "/shared")]))
        }
    }

    @Test("a file is opened wherever it is beneath a shared folder, however its path is written")
    func beneath() throws {
        try withFolders { path, folders in
            for (place, contents) in [
                ("/shared/a", "shared/a"), ("/shared/deep/b", "shared/deep/b"),
                ("/shared//deep/../a", "shared/a"), ("/elsewhere/../shared/./a", "shared/a"),
            ] {
                let file = try folders.open(path + place)
                #expect(file.name == String(contents.suffix(1)))
                #expect(try file.read(at: 0, count: 99) == Array(contents.utf8))
            }
        }
    }

    @Test("a folder that is shared through a link is known under both names")
    func sharedLink() throws {
        try withFolders { path, _ in
            try FileManager.default.createSymbolicLink(
                atPath: path + "/link", withDestinationPath: path + "/shared")
            let folders = SharedFolders([try SharedFolder(path: path + "/link")])
            #expect(try folders.open(path + "/link/a").size == 8)
            #expect(try folders.open(path + "/shared/a").size == 8)
        }
    }

    @Test("what is outside is not opened, and the sentence names --share")
    func outside() throws {
        try withFolders { path, folders in
            for place in [
                "/secret", "/shared/../secret", "/shared/deep/../../secret", "/sharedx/a",
                "/shared",
                "/shared/\u{301}x/../../secret",
            ] {
                let error = #expect(throws: FolderError.self) { try folders.open(path + place) }
                guard case .notShared(let folder) = error else {
                    Issue.record("\(place): \(String(describing: error))")
                    continue
                }
                #expect(error?.sentence.contains("--share '\(folder)'") == true)
            }
        }
    }

    @Test("no link is followed, nor is what is no file")
    func links() throws {
        try withFolders { path, folders in
            for link in ["out/secret", "file", "in/b", "up/secret", "out"] {
                #expect(throws: FolderError.link) { try folders.open("\(path)/shared/\(link)") }
            }
            #expect(throws: FolderError.isAFolder) { try folders.open(path + "/shared/deep") }
            for missing in ["nothing", "a\0", "deep/c", "a/b"] {
                #expect(throws: FolderError.noSuchFile) {
                    try folders.open("\(path)/shared/\(missing)")
                }
            }
            #expect(throws: FolderError.noSuchFile) { try folders.open("") }
        }
    }

    @Test("where the kernel cannot open beneath a folder, a walk there does the same")
    func walk() throws {
        try withFolders { path, _ in
            let folder = Descriptor(open(path + "/shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            func walk(_ components: String...) throws -> Int32 {
                try SourceFile.walk(from: folder, components.map { Array($0.utf8) })
            }
            close(try walk("a"))
            close(try walk("deep", "b"))
            for link in [["out", "secret"], ["file"], ["in", "b"], ["up", "secret"]] {
                #expect(throws: FolderError.link) {
                    try SourceFile.walk(from: folder, link.map { Array($0.utf8) })
                }
            }
            #expect(throws: FolderError.isAFolder) { try walk("deep") }
            for missing in ["..", ".", "deep/b", "nothing"] {
                #expect(throws: FolderError.noSuchFile) { try walk(missing) }
            }
            #expect(throws: FolderError.noSuchFile) { try walk("..", "secret") }
        }
    }

    @Test("a file that was opened before is found by the path that was given for it")
    func opened() throws {
        try withFolders { path, _ in
            let file = try SourceFile(path: path + "/secret")
            let folders = SharedFolders([], opened: [path + "/secret": file])
            #expect(try folders.open(path + "/secret").size == 6)
            #expect(throws: FolderError.self) { try folders.open(path + "/shared/a") }
        }
    }
}
