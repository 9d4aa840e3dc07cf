import Client
import Foundation
import Testing

@testable import chatbox

@Suite("The file of known people")
struct KnownPeopleFileTests {
    /// A folder of its own for one test.
    private final class Scratch {
        let path = NSTemporaryDirectory() + "chatbox-people-\(UInt64.random(in: 1 ... .max))"
        var file: String { path + "/known_people" }

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func put(_ bytes: [UInt8], mode: Int = 0o600) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        }

        var contents: String {
            get throws {
                String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
            }
        }
    }

    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open() -> KnownPeopleFile { KnownPeopleFile(path: scratch.file) }

    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test func `it is made on first use, for the owner alone, and found again`() throws {
        let file = open()
        #expect(try file.read().isEmpty)
        try file.append(line("one"))
        try file.append(line("two"))
        #expect(try open().read() == line("one\ntwo"))
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a line that was not finished is not joined to the next`() throws {
        try scratch.put(Array("torn".utf8))
        try open().append(line("whole"))
        #expect(try scratch.contents == "torn\nwhole\n")
    }

    @Test(.timeLimit(.minutes(1)))
    func `two programs that add at once mix no lines`() async throws {
        let path = scratch.file
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                let file = KnownPeopleFile(path: path)
                let text = String(repeating: "\(writer)", count: 200) + "\n"
                // Who finds the lock taken for too long is told so, and comes again.
                group.addTask {
                    for _ in 0..<50 { while (try? file.append(Array(text.utf8))) == nil {} }
                }
            }
        }
        let lines = try scratch.contents.split(separator: "\n")
        #expect(lines.count == 200)
        #expect(lines.allSatisfy { $0.utf8.count == 200 && Set($0.utf8).count == 1 })
    }

    @Test func `of a file that is too long so much of the end is read that one can tell`() throws {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: KnownPeople.maximumBytes + 5000)
        try scratch.put(long + line("end"))
        let read = try open().read()
        #expect(read.count == KnownPeople.maximumBytes + 1)
        #expect(read.suffix(4) == line("end"))
    }

    private func expectUnfit(_ what: String) {
        let file = open()
        let mentions = { (error: PeopleArchiveError) in
            error.sentence.contains(scratch.file) && error.sentence.contains(what)
        }
        #expect { try file.read() } throws: { ($0 as? PeopleArchiveError).map(mentions) == true }
        #expect { try file.append(line("x")) } throws: {
            ($0 as? PeopleArchiveError).map(mentions) == true
        }
    }

    @Test func `a link, a folder and a pipe are refused, and not waited for`() throws {
        let other = scratch.path + "/other"
        try Data(line("secret")).write(to: URL(fileURLWithPath: other))
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file, withDestinationPath: other)
        expectUnfit("is a link")
        #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == Data(line("secret")))
        try FileManager.default.removeItem(atPath: scratch.file)
        try FileManager.default.createDirectory(
            atPath: scratch.file, withIntermediateDirectories: false)
        expectUnfit("is not a file")
        try FileManager.default.removeItem(atPath: scratch.file)
        #expect(mkfifo(scratch.file, 0o600) == 0)
        expectUnfit("is not a file")
    }

    @Test(arguments: [0o620, 0o602])
    func `a file that others can change is refused`(mode: Int) throws {
        try scratch.put(line("x"), mode: mode)
        expectUnfit("can be changed by others")
    }

    @Test func `where no file can be made there is nobody, and that is said when it is added to`()
        throws
    {
        let file = KnownPeopleFile(path: scratch.path + "/none/known_people")
        #expect(try file.read().isEmpty)
        #expect(throws: PeopleArchiveError.self) { try file.append(line("x")) }
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write everything"))
    func `a file that may only be read is read`() throws {
        try scratch.put(line("x"), mode: 0o400)
        let file = open()
        #expect(try file.read() == line("x"))
        #expect(throws: PeopleArchiveError.self) { try file.append(line("y")) }
    }
}
