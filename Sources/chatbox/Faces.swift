import ChatUI
import Folder
import Foundation
import Terminal
import Wire

/// Makes the face that fits the terminal.
struct Faces {
    let session: any RoomSession
    let link: Link
    let folder: DestinationFolder
    /// Where files to be sent are looked for.
    let lister: FolderLister
    let reader: InputReader
    /// The room was announced here already.
    let isHost: Bool

    var terminal: TerminalFace {
        TerminalFace(
            session: session, room: room(isLive: true), lister: lister, pastes: PasteFolder(folder),
            reader: reader,
            capabilities: capabilities,
            endAtOnce: { exit(Interrupted(signal: SIGINT).status) })
    }

    /// - Parameters:
    ///   - forEars: in words for a person, not in the form for a program.
    ///   - write: takes what others say; false when it cannot be written.
    func lines(forEars: Bool, write: @escaping @Sendable (String) -> Bool) -> PipeFace {
        PipeFace(
            session: session, room: room(isLive: false), lister: lister,
            style: forEars ? .words : .pipe, reader: reader,
            capabilities: capabilities, write: write)
    }

    private func room(isLive: Bool) -> RoomModel {
        RoomModel(folder: folder.path, link: link, isLive: isLive, isAnnounced: isHost && isLive)
    }

    private var capabilities: Capabilities {
        Capabilities(
            environment: ProcessInfo.processInfo.environment,
            isTerminal: TerminalDevice.isTerminal(STDOUT_FILENO))
    }
}
