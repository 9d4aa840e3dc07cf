import Client
import Crypto
import Foundation
import Testing

@testable import chatbox

@Suite("The identity file")
struct IdentityFileTests {
    /// A folder of its own for one test.
    private final class Scratch {
        let path = NSTemporaryDirectory() + "chatbox-identity-\(UInt64.random(in: 1 ... .max))"
        var file: String { path + "/deep/identity" }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func put(_ text: String, mode: Int = 0o600) throws {
            try FileManager.default.createDirectory(
                atPath: path + "/deep", withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        }

        func mode(of path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
    }

    private let scratch = Scratch()

    private func problem() -> Problem? {
        #expect(throws: Problem.self) { try IdentityFile(path: scratch.file).load() }
    }

    @Test func `the first use makes one, for the owner alone, and later uses find it`() throws {
        let first = try IdentityFile(path: scratch.file).load()
        let second = try IdentityFile(path: scratch.file).load()
        #expect(first.publicKey == second.publicKey)
        #expect(try scratch.mode(of: scratch.file) == 0o600)
        #expect(try scratch.mode(of: scratch.path + "/deep") == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/deep")
        #expect(names == ["identity"])
    }

    @Test func `many first uses at once end with one identity`() async throws {
        let path = scratch.file
        let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask { try IdentityFile(path: path).load().publicKey }
            }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
    }

    @Test func `comments and blank lines around the key do not matter`() throws {
        let seed = String(repeating: "07", count: 32)
        try scratch.put("# a comment\r\n\r\nCHATBOX-SECRET-KEY-1:\(seed)\r\n")
        let identity = try IdentityFile(path: scratch.file).load()
        #expect(Array(identity.key.rawRepresentation) == Array(repeating: 7, count: 32))
    }

    @Test("a file that others can read is refused", arguments: [0o640, 0o604, 0o620, 0o666])
    func readableByOthers(_ mode: Int) throws {
        _ = try IdentityFile(path: scratch.file).load()
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: scratch.file)
        #expect(problem()?.status == .noPermission)
    }

    @Test("a folder that others can write in is refused", arguments: [0o770, 0o757, 0o722])
    func writableFolder(_ mode: Int) throws {
        _ = try IdentityFile(path: scratch.file).load()
        let folder = scratch.path + "/deep"
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
        #expect(problem()?.status == .noPermission)
        #expect(problem()?.sentence.contains("chmod 700") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        #expect(throws: Never.self) { try IdentityFile(path: scratch.file).load() }
    }

    @Test("a file or a folder of somebody else is refused", .enabled(if: geteuid() == 0))
    func othersFile() throws {
        _ = try IdentityFile(path: scratch.file).load()
        for path in [scratch.file, scratch.path + "/deep"] {
            #expect(chown(path, 65_534, 0) == 0)
            #expect(problem()?.status == .noPermission)
            #expect(chown(path, 0, 0) == 0)
        }
        #expect(throws: Never.self) { try IdentityFile(path: scratch.file).load() }
    }

    @Test(
        "a damaged file is said to be one and is left alone",
        arguments: [
            "", "CHATBOX-SECRET-KEY-1:", "CHATBOX-SECRET-KEY-1:zz",
            "CHATBOX-SECRET-KEY-1:" + String(repeating: "0", count: 63),
            "CHATBOX-SECRET-KEY-1:" + String(repeating: "00", count: 33),
            "CHATBOX-SECRET-KEY-2:" + String(repeating: "00", count: 32),
            String(repeating: "#\n", count: 5000),
        ])
    func damaged(_ text: String) throws {
        try scratch.put(text)
        #expect(problem()?.status == .inputOutput)
        #expect(try String(contentsOfFile: scratch.file, encoding: .utf8) == text)
    }

    @Test func `a folder in its place is refused`() throws {
        try FileManager.default.createDirectory(
            atPath: scratch.file, withIntermediateDirectories: true)
        #expect(problem()?.status == .inputOutput)
    }

    @Test func `a folder that cannot be made is said`() throws {
        try scratch.put("")
        let inFile = IdentityFile(path: scratch.file + "/below/identity")
        #expect(throws: Problem.self) { try inFile.load() }
    }

    @Test func `the secret is not in the sentences of errors`() throws {
        let secret = String(repeating: "ab", count: 31)
        try scratch.put("CHATBOX-SECRET-KEY-1:\(secret)")
        let sentence = try #require(problem()?.sentence)
        #expect(!sentence.contains("abab"))
    }
}
