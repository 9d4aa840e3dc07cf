import ChatUI
import Folder
import Foundation
import Sandbox
import Terminal

/// What is kept, and by whom, in words. One line, and never more than is so.
struct Kept: Sendable {
    let promise: Promise
    private let files: String
    private let network: String

    init(_ promise: Promise, _ confinement: Confinement) {
        self.promise = promise
        files = Self.files(confinement)
        network = Self.network(confinement)
    }

    /// Without an end mark.
    var sentence: String {
        let kernels = clauses { promise.parts.contains($0) }
        let others = clauses { !promise.parts.contains($0) }
        let reason = promise.reason?.clause ?? "nobody knows why"
        guard !kernels.isEmpty else {
            return "kept by chatbox alone, not by the kernel (\(reason)): \(files)"
        }
        var sentence = "kept by the kernel: \(kernels.joined(separator: ", "))"
        if !others.isEmpty {
            sentence += "; by chatbox alone (\(reason)): \(others.joined(separator: ", "))"
        }
        if promise.parts.contains(.files) {
            sentence += """
                ; names and sizes of other files, and in /proc command lines of other programs, \
                can still be read
                """
        }
        return sentence
    }

    private func clauses(_ isIn: (Promise.Parts) -> Bool) -> [String] {
        [(.files, files), (.ports, network), (.calls, "no other programs")].compactMap {
            (part: Promise.Parts, clause: String) in isIn(part) ? clause : nil
        }
    }

    private static func files(_ confinement: Confinement) -> String {
        let shares = confinement.shares.map { Places.abbreviated($0.path) }
        let readable = shares.joined(separator: " and ")
        guard let folder = confinement.folder else { return "no files" }
        let place = Places.abbreviated(folder.path)
        return "files only in \(place)" + (shares.isEmpty ? "" : " and, to read, in \(readable)")
    }

    private static func network(_ confinement: Confinement) -> String {
        switch (confinement.port, confinement.ownPort) {
        case (let port?, nil): "TCP only to port \(port)"
        case (nil, let own?): "no connections but those that come in at port \(own)"
        case (let port?, let own?) where port != own:
            "TCP only to port \(port) and from others at port \(own)"
        case (let port?, _): "TCP only at port \(port)"
        case (nil, nil): "no connections"
        }
    }

    /// Says it on standard error.
    func show(prefix: String = "-- ") {
        Output.line(SafeText(untrusted: prefix + sentence), to: STDERR_FILENO)
    }

    /// sandbox {files, network, calls: kernel | chatbox, text}: who keeps what, the first event
    var event: JSONEvent {
        let keeper = { (part: Promise.Parts) -> JSONValue in
            .string(promise.parts.contains(part) ? "kernel" : "chatbox")
        }
        return JSONEvent(
            "sandbox",
            [
                ("files", keeper(.files)), ("network", keeper(.ports)), ("calls", keeper(.calls)),
                ("text", .string(sentence)),
            ])
    }
}
