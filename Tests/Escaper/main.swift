// A member of a room that tries to get out of the sandbox: the product's own restriction and client
// around functions that try one way out each. What it finds is one JSON object a line, as a line of
// `listen --json` is; it takes the same commands.
//
//     Escaper free OUTSIDE FOLDER SHARE                  each door without any restriction
//     Escaper shut VERSION OUTSIDE FOLDER SHARE          each door with that version of Landlock
//     Escaper chat LINK OUTSIDE FOLDER SHARE             in a room
//     Escaper hide landlock|all PROGRAM ARGUMENT…        runs it as if on an older kernel
import ChatUI
import Client
import Dispatch
import Doors
import Folder
import Foundation
import Sandbox
import Terminal
import Transport
import Wire

let arguments = Array(CommandLine.arguments.dropFirst())

func fail(_ what: String) -> Never {
    Output.line(SafeText(untrusted: "Escaper: \(what)"), to: STDERR_FILENO)
    exit(1)
}

func put(_ type: String, _ members: [(String, JSONValue?)]) {
    Output.write(JSONEvent(type, members).line + "\n")
}

/// Tries every door and tells what came of it.
func tryDoors(from place: String, apart: Bool = false) {
    for number in 0..<doors_count() {
        guard let door = doors_at(number) else { continue }
        let code = apart ? doors_try_apart(door) : door.pointee.go()
        put(
            "door",
            [
                ("from", .string(place)), ("name", .string(String(cString: door.pointee.name))),
                ("code", .integer(Int(code))), ("mayBeShut", .bool(door.pointee.may_be_shut)),
            ])
    }
}

func prepare(_ paths: ArraySlice<String>) throws -> (DestinationFolder, SharedFolder) {
    guard paths.count == 3, let outside = paths.first, let share = paths.last else {
        fail("give three folders")
    }
    let folder = paths[paths.startIndex + 1]
    let code = doors_prepare(outside, folder, share)
    guard code == 0 else { fail("what the doors lead to cannot be made: error \(code)") }
    return (try DestinationFolder(path: folder), try SharedFolder(path: share))
}

func restrict(_ restriction: Restriction) {
    let promise = restriction.enter()
    put(
        "promise",
        [
            ("files", .bool(promise.parts.contains(.files))),
            ("ports", .bool(promise.parts.contains(.ports))),
            ("calls", .bool(promise.parts.contains(.calls))),
            ("reason", promise.reason.map { .string($0.clause) }),
        ])
}

func chat(_ link: Link, _ paths: ArraySlice<String>) throws {
    let (folder, share) = try prepare(paths)
    let connector = try ClientConnector(
        address: link.address, trust: link.trust, agent: "escaper",
        addresses: try ServerAddresses(of: link.address))
    let client = ChatClient(
        configuration: ClientConfiguration(name: "escaper", agent: "escaper"), link: link.secret,
        identity: Identity(), connector: connector, folder: folder,
        sources: SharedFolders([SharedFolder(folder), share]))
    restrict(
        Restriction(
            writable: [folder.descriptorNumber], readable: [share.descriptorNumber],
            ports: [link.address.port]))
    tryDoors(from: "main")
    let thread = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        tryDoors(from: "thread")
        thread.signal()
    }
    thread.wait()
    let end = DispatchSemaphore(value: 0)
    Task.detached {
        let reader = InputReader(poller: InputPoller(signals: JSONFace.signals))
        let face = JSONFace(
            session: client, link: nil, folder: folder.path, acceptsAll: true, reader: reader)
        async let trying: Void = tryDoors(from: "task")
        do { try await face.run() } catch { fail("\(error)") }
        await trying
        end.signal()
    }
    end.wait()
}

do {
    switch arguments.first {
    case "free":
        _ = try prepare(arguments.dropFirst())
        tryDoors(from: "main", apart: true)
    case "shut":
        let (folder, share) = try prepare(arguments.dropFirst(2))
        var restriction = Restriction(
            writable: [folder.descriptorNumber], readable: [share.descriptorNumber], ports: [1],
            isListening: true)
        restriction.newestVersion = Int32(arguments[1]) ?? Restriction.newestKnown
        restrict(restriction)
        tryDoors(from: "main")
    case "chat": try chat(try Link(parsing: arguments[1]), arguments.dropFirst(2))
    case "hide":
        let code = doors_hide(arguments[1] == "all")
        guard code == 0 else { fail("nothing can be hidden: error \(code)") }
        var words = arguments.dropFirst(2).map { strdup($0) } + [nil]
        fail("cannot be run: error \(doors_become(arguments[2], &words))")
    default: fail("free, shut, chat or hide")
    }
} catch {
    fail("\(error)")
}
