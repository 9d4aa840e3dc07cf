import Folder
import Foundation
import Testing

@Suite struct SourceFileTests {
    @Test("a file is read by position, and its name is the last component of its path")
    func reading() throws {
        try withTemporaryFolder { path in
            try Data([1, 2, 3, 4]).write(to: URL(fileURLWithPath: path + "/a b.txt"))
            let file = try SourceFile(path: path + "/a b.txt")
            #expect(file.name == "a b.txt")
            #expect(file.size == 4)
            #expect(try file.read(at: 1, count: 2) == [2, 3])
            #expect(try file.read(at: 3, count: 9) == [4])
            #expect(try file.read(at: 4, count: 9) == [])
            #expect(try file.read(at: .max, count: 9) == [])
            #expect(file.isUnchanged)
        }
    }

    @Test("a change is noticed")
    func change() throws {
        try withTemporaryFolder { path in
            try Data([1]).write(to: URL(fileURLWithPath: path + "/a"))
            let file = try SourceFile(path: path + "/a")
            let handle = try #require(FileHandle(forWritingAtPath: path + "/a"))
            try handle.write(contentsOf: Data([1, 2]))
            try handle.close()
            #expect(!file.isUnchanged)
        }
    }

    @Test("only plain files are sent, and a pipe does not make anybody wait")
    func refused() throws {
        try withTemporaryFolder { path in
            #expect(mkfifo(path + "/fifo", 0o600) == 0)
            try FileManager.default.createSymbolicLink(
                atPath: path + "/link", withDestinationPath: path + "/none")
            try Data().write(to: URL(fileURLWithPath: path + "/file"))
            #expect(throws: FolderError.isAFolder) { try SourceFile(path: path) }
            for other in [path + "/fifo", "/dev/null", "/dev/zero"] {
                #expect(throws: FolderError.notARegularFile) { try SourceFile(path: other) }
            }
            for missing in ["", path + "/no", path + "/link", path + "/file/", path + "/file\0"] {
                #expect(throws: FolderError.noSuchFile) { try SourceFile(path: missing) }
            }
        }
    }
}
