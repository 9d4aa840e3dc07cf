import Folder
import Foundation
import Sandbox
import Testing

@testable import chatbox

@Suite("The line that says what is kept")
struct KeptTests {
    private let folders: (received: DestinationFolder, shared: SharedFolder)

    init() throws {
        // Nothing is written into them.
        let path = NSTemporaryDirectory()
        folders = (try DestinationFolder(path: path), try SharedFolder(path: path))
    }

    private func confinement(own: UInt16? = nil, isSharing: Bool = false) throws -> Confinement {
        Confinement(
            options: SandboxOptions(), folder: folders.received,
            shares: isSharing ? [folders.shared, folders.shared] : [], port: 7667, ownPort: own)
    }

    private func sentence(
        _ parts: Promise.Parts, _ reason: Promise.Reason? = nil, _ confinement: Confinement
    ) -> String {
        Kept(Promise(parts: parts, reason: reason), confinement).sentence
    }

    @Test("all that the kernel keeps, and what can be learned all the same")
    func all() throws {
        let place = Places.abbreviated(folders.received.path)
        let tail =
            ", no other programs; names and sizes of other files, and in /proc command lines of "
            + "other programs, can still be read"
        #expect(
            sentence(.all, nil, try confinement())
                == "kept by the kernel: files only in \(place), TCP only to port 7667\(tail)")
        #expect(
            sentence(.all, nil, try confinement(own: 7667, isSharing: true))
                == "kept by the kernel: files only in \(place) and, to read, in \(place) and \(place), "
                + "TCP only at port 7667\(tail)")
        let server = Confinement(options: SandboxOptions(), ownPort: 7667)
        #expect(
            sentence(.all, nil, server)
                == "kept by the kernel: no files, no connections but those that come in at port 7667"
                + tail)
    }

    @Test("what the kernel does not keep is not said to be kept by it, and why")
    func parts() throws {
        let place = Places.abbreviated(folders.received.path)
        #expect(
            sentence([], .unwanted, try confinement())
                == "kept by chatbox alone, not by the kernel (as --no-sandbox asks): files only in "
                + place)
        #expect(
            sentence(.calls, .noLandlock, try confinement())
                == "kept by the kernel: no other programs; by chatbox alone (this kernel has no "
                + "Landlock, or it is switched off): files only in \(place), TCP only to port 7667")
        let old = sentence([.files, .calls], .oldLandlock(3), try confinement())
        #expect(old.contains("(this kernel is too old to limit ports): TCP only to port 7667;"))
        #expect(old.hasSuffix("can still be read"))
    }
}
