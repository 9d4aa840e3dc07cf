import Foundation
package import Testing

/// tshark with our dissector, for tests of what a packet capture shows.
package enum Tshark {
    /// Where the sources are.
    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    package static let isHere = Program("tshark") != nil
    /// Said where a test is skipped.
    package static let notice: Comment = "tshark is not here; what it shows is not tested"

    /// What it writes to standard output, as lines.
    package static func lines(_ arguments: [String], dissector: Bool = true) throws -> [String] {
        let script = ["-X", "lua_script:\(root)/tools/wireshark/chatbox.lua"]
        guard let program = Program("tshark") else { return [] }
        let output = try program.run((dissector ? script : []) + arguments)
        return output.split(separator: "\n").map(String.init)
    }

    /// A program of the system.
    package struct Program {
        private let path: String

        package init?(_ name: String) {
            let folders = ProcessInfo.processInfo.environment["PATH"] ?? ""
            let paths = folders.split(separator: ":").map { "\($0)/\(name)" }
            guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:))
            else { return nil }
            self.path = path
        }

        /// Runs it to its end and returns what it wrote to standard output; throws when it failed.
        package func run(_ arguments: [String]) throws -> String {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: Tshark.root)
            // Nobody's own settings, and times as everywhere.
            var environment = ProcessInfo.processInfo.environment
            environment["WIRESHARK_CONFIG_DIR"] = "/nonexistent"
            environment["TZ"] = "UTC"
            process.environment = environment
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            let text = String(decoding: data, as: UTF8.self)
            guard process.terminationStatus == 0 else {
                throw Failure(arguments: arguments, output: text)
            }
            return text
        }
    }

    package struct Failure: Error {
        package let arguments: [String]
        package let output: String
    }
}
