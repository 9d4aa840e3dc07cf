import Foundation
import Testing

@testable import Transport

@Suite("The file for TLS keys") struct KeyLogTests {
    @Test("it is the owner's alone, or it is refused", arguments: [0o644, 0o640, 0o660, 0o602])
    func mode(_ mode: Int) throws {
        let path = "\(NSTemporaryDirectory())/chatbox-keys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try KeyLog(path: path)
        _ = try KeyLog(path: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(throws: KeyLogError.isOpenToOthers(path)) { try KeyLog(path: path) }
        #expect(throws: Never.self) { try KeyLog(path: "/dev/null") }
    }
}
