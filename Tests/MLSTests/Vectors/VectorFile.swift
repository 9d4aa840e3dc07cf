import Foundation
import Testing

@testable import MLS

/// Bytes that a vector file writes in hex.
struct Hex: Decodable, Sendable, Hashable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in try decoder.singleValueContainer().decode(String.self).utf8 {
            let digit = try #require(Self.digit(character))
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        try #require(high == nil)
        self.bytes = bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    var secret: Secret { Secret(bytes) }
}

/// The working group's vectors: beside the checkout, or where CHATBOX_MLS_VECTORS says. Without
/// them the tests that need them are skipped with a notice; under CI=true they fail.
enum VectorFile {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["CHATBOX_MLS_VECTORS"] {
            return URL(fileURLWithPath: path)
        }
        return URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("shared/mls-test-vectors")
    }()

    static let isPresent: Bool = {
        if FileManager.default.fileExists(atPath: folder.path) { return true }
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        print("MLS vectors: none at \(folder.path), so the vector tests are skipped")
        return false
    }()

    static func load<T: Decodable>(_ family: String, as type: T.Type = T.self) throws -> [T] {
        let file = folder.appendingPathComponent(family + ".json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([T].self, from: Data(contentsOf: file))
    }
}

/// Counts what ran, by suite, and prints it.
struct Tally {
    let family: String
    private var ran: [UInt16: Int] = [:]
    private var skipped: [UInt16: Int] = [:]

    init(_ family: String) {
        self.family = family
    }

    /// The suite of an entry, or nil for 4 and 6, which are counted as skipped. Any other suite
    /// that we do not have is a failure.
    mutating func suite(_ number: UInt16) throws -> Suite? {
        if [4, 6].contains(number) {
            skipped[number, default: 0] += 1
            #expect(throws: MLSError.unsupportedCipherSuite(.init(rawValue: number))) {
                try Suite(.init(rawValue: number))
            }
            return nil
        }
        ran[number, default: 0] += 1
        return try Suite(.init(rawValue: number))
    }

    /// For families without suites.
    mutating func count() { ran[0, default: 0] += 1 }

    var total: Int { ran.values.reduce(0, +) }

    /// Prints the counts and checks that as many entries ran as the file is known to have.
    func report(expecting count: Int) {
        let list = { (counts: [UInt16: Int]) in
            counts.sorted { $0.key < $1.key }
                .map { $0.key == 0 ? "\($0.value)" : "suite \($0.key): \($0.value)" }
                .joined(separator: ", ")
        }
        let rest = skipped.isEmpty ? "" : "; skipped " + list(skipped)
        print("MLS vectors: \(family): ran \(list(ran))\(rest)")
        #expect(total == count, "\(family) has changed: \(total) entries ran, not \(count)")
    }
}

extension Tag {
    /// Needs the working group's vectors.
    @Tag static var vectors: Self
}
