import ArgumentParser
import Client
import Foundation
import MLS
import Transport
import Wire

/// Many whole clients of ours in one process, in one room of a real server: what coming in and being
/// told something cost when everybody checks everything.
@main
struct RoomBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "roombench")

    @Argument(help: "The server's port on 127.0.0.1.")
    var port: UInt16

    @Option(help: "The server's process, for its CPU time and the bytes it wrote.")
    var pid: Int32

    @Option(help: "The server's key, as it prints it.")
    var key: String

    @Option(help: "Clients in the room.")
    var members = 100

    @Option(help: "The cipher suite's number.")
    var suite: UInt16 = CipherSuite.mlkem768X25519AES256GCMSHA384Ed25519.rawValue

    @Option(help: "Messages said to all.")
    var messages = 200

    @Option(help: "Messages a second.")
    var rate = 20.0

    func run() async throws {
        guard let pin = Self.pin(key) else { throw ValidationError("--key is not 32 digits") }
        let options = RoomOptions(suite: suite, needsApproval: false)
        let crowd = Crowd(
            address: ServerAddress(host: "127.0.0.1", port: port), trust: .pin(pin),
            options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crowd.run() }
            let reporter = Task { try await tell(of: crowd) }
            group.addTask {
                defer { reporter.cancel() }
                defer { crowd.end() }
                let report = try await measure(crowd)
                print(report)
            }
            try await group.waitForAll()
        }
    }

    /// How far it is, every few seconds, on standard error.
    private func tell(of crowd: Crowd) async throws {
        while true {
            let spent = try await Figures.measure(server: pid) {
                try await Task.sleep(for: .seconds(10))
            }
            let text = String(
                format: "; in the last %.0f s %.0f s of CPU, the server %.0f s, %.0f MiB\n",
                spent.seconds, spent.clientCPU, spent.serverCPU, spent.mebibytes)
            FileHandle.standardError.write(Data((crowd.summary + text).utf8))
        }
    }

    private func measure(_ crowd: Crowd) async throws -> String {
        crowd.add(1)
        try await crowd.waitForMembers(1)
        let gathering = try await Figures.measure(server: pid) {
            crowd.add(members - 1)
            try await crowd.waitForMembers(members)
        }
        try await crowd.settle()
        let talking = try await Figures.measure(server: pid) {
            try await crowd.talk(messages: messages, rate: rate)
        }
        try await crowd.settle()
        let joining = try await Figures.measure(server: pid) {
            crowd.add(1)
            try await crowd.waitForMembers(members + 1)
        }
        let heard = Double(messages * (members - 1))
        return """
            {"members":\(members),"suite":\(suite),\
            "all_in_s":\(gathering.seconds),"all_in_server_cpu_s":\(gathering.serverCPU),\
            "all_in_client_cpu_s":\(gathering.clientCPU),"all_in_MiB":\(gathering.mebibytes),\
            "heard":\(Int(heard)),"us_client_cpu_per_heard":\(talking.clientCPU * 1e6 / heard),\
            "us_server_cpu_per_heard":\(talking.serverCPU * 1e6 / heard),\
            "one_more_s":\(joining.seconds),"one_more_server_cpu_s":\(joining.serverCPU),\
            "one_more_client_cpu_s":\(joining.clientCPU),"one_more_MiB":\(joining.mebibytes)}
            """
    }

    private static func pin(_ text: String) -> ServerPin? {
        let digits = Array(text.utf8)
        guard digits.count == 2 * ServerPin.size else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return bytes.count == ServerPin.size ? ServerPin(bytes: bytes) : nil
    }
}
