import Folder
import Foundation
import Testing

@Suite struct DestinationFolderTests {
    private let id = [UInt8](0..<16)
    private let hex = "000102030405060708090a0b0c0d0e0f"

    private func name(_ text: String) -> SafeFileName { SafeFileName(untrusted: Array(text.utf8)) }

    @Test("a file grows as a part and gets its name at the end")
    func finish() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path)
            let part = try folder.openPart(id: id, name: name("report.pdf"))
            try part.append([1, 2, 3])
            #expect(try names(in: path) == ["report.pdf.\(hex).part"])
            #expect(try permissions("\(path)/report.pdf.\(hex).part").map { $0 & 0o133 } == 0)
            #expect(folder.hasPart(id: id, name: name("report.pdf")))
            #expect(try part.finish() == "report.pdf")
            #expect(try names(in: path) == ["report.pdf"])
            #expect(contents(path + "/report.pdf") == [1, 2, 3])
            #expect(try permissions(path + "/report.pdf").map { $0 & 0o133 } == 0)
            #expect(!folder.hasPart(id: id, name: name("report.pdf")))
        }
    }

    @Test("a part that was kept is taken up again, cut and added to")
    func resume() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path)
            do {
                let part = try folder.openPart(id: id, name: name("a"))
                try part.append(Array(repeating: 7, count: 100))
                part.keep()
            }
            let part = try DestinationFolder(path: path).openPart(id: id, name: name("a"))
            #expect(part.size == 100)
            try part.truncate(to: 10)
            try part.append([8])
            #expect(part.size == 11)
            #expect(try part.read(at: 9, count: 100) == [7, 8])
            #expect(try part.read(at: 11, count: 100) == [])
            #expect(try part.finish() == "a")
            #expect(contents(path + "/a")?.count == 11)
        }
    }

    @Test("an existing file is never written over: the next number is taken, then a random one")
    func numbering() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path)
            var given: [String] = []
            for _ in 0..<101 {
                let part = try folder.openPart(id: id, name: name("a.txt"))
                given.append(try part.finish())
            }
            #expect(given[0] == "a.txt")
            #expect(given[1] == "a (2).txt")
            #expect(given[98] == "a (99).txt")
            #expect(given[99].hasPrefix("a (") && given[99].hasSuffix(").txt"))
            #expect(Set(given).count == 101)
        }
    }

    @Test(
        "a folder that no file can be made in is refused, whatever its permissions say",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func noFiles() throws {
        #expect(throws: FolderError.notWritable) { try DestinationFolder(path: "/proc") }
        try withTemporaryFolder { path in
            _ = try DestinationFolder(path: path)
            #expect(try names(in: path).isEmpty)
        }
    }

    @Test("what was planted under a final name is left alone")
    func plantedFinalName() throws {
        try withTemporaryFolder { path in
            let outside = path + "/outside"
            try Data("mine".utf8).write(to: URL(fileURLWithPath: outside))
            let inside = path + "/inside"
            let folder = try DestinationFolder(path: inside)
            try FileManager.default.createSymbolicLink(
                atPath: inside + "/a", withDestinationPath: outside)
            try FileManager.default.createDirectory(
                atPath: inside + "/a (2)", withIntermediateDirectories: false)
            #expect(mkfifo(inside + "/a (3)", 0o600) == 0)
            try FileManager.default.linkItem(atPath: outside, toPath: inside + "/a (4)")
            let part = try folder.openPart(id: id, name: name("a"))
            try part.append([1])
            #expect(try part.finish() == "a (5)")
            #expect(contents(outside) == Array("mine".utf8))
        }
    }

    enum Plant: CaseIterable { case symlink, danglingSymlink, directory, fifo, hardLink }

    @Test("what was planted under a part's name is refused", arguments: Plant.allCases)
    func plantedPart(plant: Plant) throws {
        try withTemporaryFolder { path in
            let outside = path + "/outside"
            try Data("mine".utf8).write(to: URL(fileURLWithPath: outside))
            let folder = try DestinationFolder(path: path + "/inside")
            let target = path + "/inside/a.\(hex).part"
            let files = FileManager.default
            switch plant {
            case .symlink:
                try files.createSymbolicLink(atPath: target, withDestinationPath: outside)
            case .danglingSymlink:
                try files.createSymbolicLink(atPath: target, withDestinationPath: path + "/new")
            case .directory:
                try files.createDirectory(atPath: target, withIntermediateDirectories: false)
            case .fifo: #expect(mkfifo(target, 0o600) == 0)
            case .hardLink: try files.linkItem(atPath: outside, toPath: target)
            }
            #expect(throws: FolderError.occupied("a.\(hex).part")) {
                try folder.openPart(id: id, name: name("a"))
            }
            #expect(!folder.hasPart(id: id, name: name("a")))
            #expect(contents(outside) == Array("mine".utf8))
            #expect(!files.fileExists(atPath: path + "/new"))
        }
    }

    @Test("two receivers do not write into one part")
    func inUse() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path)
            let first = try folder.openPart(id: id, name: name("a"))
            #expect(throws: FolderError.inUse) { try folder.openPart(id: id, name: name("a")) }
            first.discard()
            #expect(try names(in: path) == [])
        }
    }

    @Test("a folder that is replaced by a link is told so, and nothing is made at either place")
    func heldByDescriptor() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path + "/inside")
            try FileManager.default.moveItem(atPath: path + "/inside", toPath: path + "/moved")
            try FileManager.default.createDirectory(
                atPath: path + "/elsewhere", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: path + "/inside", withDestinationPath: path + "/elsewhere")
            #expect(throws: FolderError.replaced) { try folder.openPart(id: id, name: name("a")) }
            #expect(try names(in: path + "/moved") == [])
            #expect(try names(in: path + "/elsewhere") == [])
            try FileManager.default.removeItem(atPath: path + "/inside")
            try FileManager.default.moveItem(atPath: path + "/moved", toPath: path + "/inside")
            #expect(try folder.openPart(id: id, name: name("a")).finish() == "a")
        }
    }

    @Test("a part, or its folder, that is deleted while a file comes is missed at once")
    func deletedMeanwhile() throws {
        try withTemporaryFolder { parent in
            let path = parent + "/in"
            let folder = try DestinationFolder(path: path)
            let part = try folder.openPart(id: id, name: name("a"))
            try part.append([1])
            try part.checkPlace()
            try FileManager.default.removeItem(atPath: "\(path)/a.\(hex).part")
            #expect(throws: FolderError.partDeleted) { try part.checkPlace() }
            #expect(throws: FolderError.partDeleted) { try part.finish() }
            let again = try folder.openPart(id: id, name: name("a"))
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: FolderError.gone) { try again.checkPlace() }
        }
    }

    @Test("a folder that is replaced while a file comes keeps the part")
    func replacedMeanwhile() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path + "/inside")
            let part = try folder.openPart(id: id, name: name("a"))
            try part.append([1])
            try FileManager.default.moveItem(atPath: path + "/inside", toPath: path + "/moved")
            #expect(throws: FolderError.replaced) { try part.finish() }
            try FileManager.default.createDirectory(
                atPath: path + "/inside", withIntermediateDirectories: false)
            #expect(throws: FolderError.replaced) { try part.finish() }
            #expect(try names(in: path + "/moved") == ["a.\(hex).part"])
            #expect(try names(in: path + "/inside") == [])
        }
    }

    @Test("a folder that was deleted is said to be gone")
    func gone() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path + "/inside")
            try FileManager.default.removeItem(atPath: path + "/inside")
            #expect(throws: FolderError.gone) { try folder.openPart(id: id, name: name("a")) }
        }
    }

    @Test("missing parents are made; a file in the way, or no path, is not a folder")
    func creating() throws {
        try withTemporaryFolder { path in
            _ = try DestinationFolder(path: path + "/a/b//c/")
            #expect(try permissions(path + "/a/b/c") == 0o700)
            try Data().write(to: URL(fileURLWithPath: path + "/file"))
            #expect(throws: FolderError.notAFolder) { try DestinationFolder(path: path + "/file") }
            #expect(throws: FolderError.notAFolder) {
                try DestinationFolder(path: path + "/file/below")
            }
            #expect(throws: FolderError.notAFolder) { try DestinationFolder(path: "") }
            #expect(throws: FolderError.notAFolder) { try DestinationFolder(path: path + "\0x") }
        }
    }

    @Test("there is room, less than the whole of it")
    func freeSpace() throws {
        try withTemporaryFolder { path in
            let free = try DestinationFolder(path: path).freeSpace()
            #expect(free > 0)
            let values = try FileManager.default.attributesOfFileSystem(forPath: path)
            let all = try #require(values[.systemFreeSize] as? NSNumber).uint64Value
            #expect(free < all)
        }
    }

    @Test("every hostile name ends as one new file in the folder, and nowhere else")
    func corpus() throws {
        try withTemporaryFolder { path in
            let folder = try DestinationFolder(path: path + "/a/b")
            for (index, row) in HostileNames.table.enumerated() {
                let id = [UInt8](repeating: UInt8(index), count: 16)
                let part = try folder.openPart(id: id, name: SafeFileName(untrusted: row.bytes))
                try part.append([UInt8(index)])
                let got = try part.finish()
                #expect(contents("\(path)/a/b/\(got)") == [UInt8(index)])
            }
            #expect(try names(in: path + "/a/b").count == HostileNames.table.count)
            #expect(try names(in: path + "/a") == ["b"])
            #expect(try names(in: path) == ["a"])
        }
    }
}
