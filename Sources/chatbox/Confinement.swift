import ArgumentParser
import ChatUI
import Folder
import Foundation
import NIOCore
import NIOPosix
import Sandbox
import Terminal

struct SandboxOptions: ParsableArguments {
    @Flag(
        name: .customLong("no-sandbox"),
        help: "Does not have the kernel keep chatbox to its folder and its server.")
    var isOff = false

    /// True when the kernel is asked to restrict this process.
    var isWanted: Bool { !isOff && Restriction.isKnownHere }
}

struct ShareOptions: ParsableArguments {
    @Option(
        name: .customLong("share"),
        help: ArgumentHelp(
            """
            A folder from which files may be sent, besides the one for received files; may be \
            given several times.
            """, valueName: "folder"))
    var paths: [String] = []

    /// Opens them.
    func open() throws(Problem) -> [SharedFolder] {
        var folders: [SharedFolder] = []
        for path in paths { folders.append(try Self.open(path)) }
        return folders
    }

    private static func open(_ path: String) throws(Problem) -> SharedFolder {
        let folder: SharedFolder
        do throws(FolderError) {
            folder = try SharedFolder(path: HomePath.expand(path))
        } catch {
            let sentence =
                switch error {
                case .gone: "there is no such folder to share; check the path"
                case .notAFolder: "this is not a folder; share the one that it is in"
                default: "this folder may not be read; share another one"
                }
            throw Problem(.noInput, "\(path): \(sentence)")
        }
        guard !folder.isSame(as: "/") else {
            throw Problem(.noInput, "\(path) is every folder; share a narrower one")
        }
        return folder
    }
}

/// What a command keeps of the process's rights. Decided and carried out while the process has one
/// thread, once all files that are needed later are open and all names are looked up.
struct Confinement {
    var options: SandboxOptions
    /// Read and written in.
    var folder: DestinationFolder?
    /// Read in.
    var shares: [SharedFolder] = []
    /// Connected to.
    var port: UInt16?
    /// Listened at already.
    var ownPort: UInt16?

    /// Gives up the rest, for good.
    func enter() -> Kept {
        prepare()
        guard !options.isOff else { return Kept(Promise(reason: .unwanted), self) }
        let restriction = Restriction(
            writable: folder.map { [$0.descriptorNumber] } ?? [],
            readable: shares.map(\.descriptorNumber), ports: port.map { [$0] } ?? [],
            isListening: ownPort != nil)
        return Kept(restriction.enter(), self)
    }

    /// Reads what the C library and NIO would read later.
    private func prepare() {
        tzset()
        var (now, parts) = (time(nil), tm())
        localtime_r(&now, &parts)
        NIOSingletons.groupLoopCountSuggestion = System.coreCount
        _ = HomePath.home
    }

    /// Looks into the folders that files are sent from.
    var lister: FolderLister {
        FolderLister(roots: (folder.map { [$0.path] } ?? []) + shares.map(\.path))
    }

    /// Where files that are sent may be.
    func sources(opened: [String: SourceFile] = [:]) -> SharedFolders {
        SharedFolders((folder.map { [SharedFolder($0)] } ?? []) + shares, opened: opened)
    }
}
