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

    var terminal: TerminalFace {
        TerminalFace(
            session: session, room: RoomModel(folder: folder.path, link: link, isLive: true),
            lister: lister, pastes: PasteFolder(folder), reader: reader,
            capabilities: capabilities)
    }

    /// - Parameter forEars: in words for a person, not in the form for a program.
    func lines(forEars: Bool) -> PipeFace {
        PipeFace(
            session: session, room: RoomModel(folder: folder.path, link: link, isLive: false),
            lister: lister, style: forEars ? .words : .pipe, reader: reader,
            capabilities: capabilities)
    }

    private var capabilities: Capabilities {
        Capabilities(
            environment: ProcessInfo.processInfo.environment,
            isTerminal: TerminalDevice.isTerminal(STDOUT_FILENO))
    }
}
