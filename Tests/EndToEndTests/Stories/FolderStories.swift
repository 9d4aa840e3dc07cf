import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    @Suite("The folder for received files")
    struct Folders {
        @Test("a receiver that is started again goes on from its part", .timeLimit(.minutes(2)))
        func restartedReceiver() async throws {
            let world = try World()
            let pair = try await Two(world)
            let path = "\(world.path)/film.bin"
            let hash = try Files.makeRandom(at: path, size: 256 << 20)
            try pair.alice.send(path)
            let offer = try await pair.bob.next("offer")
            try pair.bob.accept(offer)
            try await pair.bob.next("transfer") { ($0["bytes"].int ?? 0) > 8 << 20 }
            pair.bob.program.signal(9)
            _ = try await pair.bob.program.exitCode()
            let parts = pair.bobsHome.list("received")
            try #require(parts.count == 1 && parts[0].hasSuffix(".part"))
            let had = Files.size(of: "\(pair.bobsHome.received)/\(parts[0])") ?? 0
            #expect(had > 4 << 20)

            let bob = try await world.talker("bob", in: pair.link, home: pair.bobsHome)
            // Its part says that it was wanted: nobody is asked again.
            let first = try await bob.next("transfer", within: .seconds(30)) {
                $0["state"] == "running" && $0["bytes"].int ?? 0 > 0
            }
            #expect(first["bytes"].int ?? 0 >= had - (1 << 20))
            let end = try await bob.completes(first["offer"], within: .seconds(90))
            #expect(end["sha256"].string == hash)
            #expect(pair.bobsHome.list("received") == ["film.bin"])
        }

        @Test("a link planted in the folder is not followed", .timeLimit(.minutes(1)))
        func plantedLink() async throws {
            let world = try World()
            let pair = try await Two(world)
            let outside = "\(world.path)/outside.txt"
            try FileManager.default.createSymbolicLink(
                atPath: "\(pair.bobsHome.received)/report.txt", withDestinationPath: outside)
            let path = "\(world.path)/report.txt"
            let hash = try Files.makeRandom(at: path, size: 70_000)
            try pair.alice.send(path)
            let offer = try await pair.bob.next("offer")
            try pair.bob.accept(offer)
            let end = try await pair.bob.completes(offer["offer"], within: .seconds(20))
            #expect(end["sha256"].string == hash)
            #expect(!FileManager.default.fileExists(atPath: outside))
            #expect(pair.bobsHome.list("received") == ["report (2).txt", "report.txt"])
            #expect(try Files.hash(of: "\(pair.bobsHome.received)/report (2).txt") == hash)
        }

        @Test(
            "a full disk stops a transfer with a sentence; with room it goes on",
            .timeLimit(.minutes(2)))
        func fullDisk() async throws {
            let world = try World()
            // No file above 4 MiB, for this program, until it is allowed more.
            let pair = try await Two(world, shell: "ulimit -S -f \((4 << 20) / 512)")
            let path = "\(world.path)/film.bin"
            let hash = try Files.makeRandom(at: path, size: 16 << 20)
            try pair.alice.send(path)
            let offer = try await pair.bob.next("offer")
            try pair.bob.accept(offer)
            let failed = try await pair.bob.next("transfer") { $0["state"] == "failed" }
            let sentence = failed["error"].string ?? ""
            #expect(!sentence.isEmpty && !sentence.contains("\n") && sentence.count < 200)
            let parts = pair.bobsHome.list("received")
            try #require(parts.count == 1 && parts[0].hasSuffix(".part"))
            #expect(Files.size(of: "\(pair.bobsHome.received)/\(parts[0])") ?? 0 > 3 << 20)
            // The chat goes on.
            try pair.bob.say("my disk is full")
            try await pair.alice.hears("my disk is full")

            try allowFiles(ofAnySizeFor: pair.bob.program.pid)
            try pair.bob.accept(offer)
            let end = try await pair.bob.completes(offer["offer"], within: .seconds(40))
            #expect(end["sha256"].string == hash)
            #expect(pair.bobsHome.list("received") == ["film.bin"])
        }

        /// Lifts another process's limit with `prlimit`, which Glibc's module does not have.
        private func allowFiles(ofAnySizeFor pid: Int32) throws {
            typealias Limits = UnsafeMutablePointer<rlimit>
            typealias Function = @convention(c) (Int32, Int32, Limits?, Limits?) -> Int32
            guard let symbol = dlsym(nil, "prlimit") else { throw Unmet("no prlimit here") }
            let prlimit = unsafeBitCast(symbol, to: Function.self)
            let fileSize: Int32 = 1  // RLIMIT_FSIZE
            var limit = rlimit()
            guard prlimit(pid, fileSize, nil, &limit) == 0 else {
                throw Unmet("cannot read the limit: error \(errno)")
            }
            limit.rlim_cur = limit.rlim_max
            guard prlimit(pid, fileSize, &limit, nil) == 0 else {
                throw Unmet("cannot lift the limit: error \(errno)")
            }
        }

        enum Mishap: String, CaseIterable { case removed, replaced, readOnly }

        @Test(
            "a folder that is lost while chatbox runs is told so, and chat goes on",
            .timeLimit(.minutes(1)), arguments: Mishap.allCases)
        func lost(mishap: Mishap) async throws {
            let world = try World()
            // Permissions mean nothing to root: somebody without powers has the folder then.
            let isRoot = geteuid() == 0
            let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups --"
            let pair = try await Two(
                world,
                shell: isRoot && mishap == .readOnly
                    ? "chown -R 65534 \"$HOME\"; exec \(nobody) \"$0\" \"$@\"" : nil)
            let folder = pair.bobsHome.received
            let files = FileManager.default
            switch mishap {
            case .removed: try files.removeItem(atPath: folder)
            case .replaced:
                try files.moveItem(atPath: folder, toPath: folder + ".old")
                try files.createDirectory(
                    atPath: "\(world.path)/elsewhere", withIntermediateDirectories: true)
                try files.createSymbolicLink(
                    atPath: folder, withDestinationPath: "\(world.path)/elsewhere")
            case .readOnly:
                try files.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder)
            }
            let path = "\(world.path)/a.bin"
            let hash = try Files.makeRandom(at: path, size: 100_000)
            try pair.alice.send(path)
            let offer = try await pair.bob.next("offer")
            try pair.bob.accept(offer)
            let failed = try await pair.bob.next("transfer") { $0["state"] == "failed" }
            let wanted =
                switch mishap {
                case .removed: "the folder is no longer there"
                case .replaced: "the folder was moved or replaced"
                case .readOnly: "the folder cannot be written to"
                }
            #expect(failed["error"].string?.hasPrefix(wanted) == true, "\(failed)")
            try pair.bob.say("my folder is lost")
            try await pair.alice.hears("my folder is lost")
            guard mishap != .removed else { return }

            // Put right again, the file comes.
            if mishap == .replaced {
                #expect(try files.contentsOfDirectory(atPath: "\(world.path)/elsewhere") == [])
                try files.removeItem(atPath: folder)
                try files.moveItem(atPath: folder + ".old", toPath: folder)
            } else {
                try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
            }
            try pair.bob.accept(offer)
            let end = try await pair.bob.completes(offer["offer"], within: .seconds(20))
            #expect(end["sha256"].string == hash)
            #expect(pair.bobsHome.list("received") == ["a.bin"])
        }

        /// Names that a file can have here and that must not reach a folder or a terminal as they
        /// are. What no file can be called (`../x`) is said by a lying client, in `HostileOffers`.
        @Test("a hostile name stays in the folder and does nothing there", .timeLimit(.minutes(1)))
        func hostileNames() async throws {
            let world = try World()
            let pair = try await Two(world)
            let names = [
                ".bashrc", "-rf", "~root", "a\u{1b}[2Jb", "a\nb", "a\rb", "tab\there",
                "\u{202e}gpj.exe", "CON", "nul.txt", "com1.tar.gz", "trailing. ", " lead",
                "back\\slash", "c:ads", "zero\u{200b}width", "line\u{2028}end", "\u{9b}31m",
                String(repeating: "x", count: 255),
            ]
            for (number, name) in names.enumerated() {
                let folder = "\(world.path)/from\(number)"
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
                let hash = try Files.makeRandom(at: "\(folder)/\(name)", size: 10)
                try pair.alice.send("\(folder)/\(name)")
                let offer = try await pair.bob.next("offer")
                try pair.bob.accept(offer)
                let end = try await pair.bob.completes(offer["offer"], within: .seconds(20))
                #expect(end["sha256"].string == hash, "\(name)")
            }
            let received = pair.bobsHome.list("received")
            #expect(received.count == names.count)
            for name in received {
                #expect(name.utf8.count <= 255)
                #expect(!".-~ ".utf8.contains(name.utf8.first ?? 0x2e), "\(name)")
                #expect(!". ".utf8.contains(name.utf8.last ?? 0x2e), "\(name)")
                for scalar in name.unicodeScalars {
                    let isHarmless =
                        scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
                        && !(0x2028...0x202e).contains(scalar.value) && scalar != "\u{200b}"
                        && scalar != "\\" && scalar != ":"
                    #expect(isHarmless, "\(name.debugDescription)")
                }
            }
            // Nothing was made beside the folder.
            #expect(Set(pair.bobsHome.list("")).isSubset(of: ["config", "received"]))
        }
    }
}
