import NIOCore
import Transport
import Wire

/// How a client shows that it has a room's link.
extension Connection {
    func sendChallenge(version: UInt16) {
        let hello = ServerFrame.ServerHello(
            version: version, challenge: state.issueChallenge(),
            resumeSeconds: UInt32(clamping: limits.resumeTime.nanoseconds / 1_000_000_000),
            agent: loop.shared.agent)
        deliver(FrameEncoder.frame(.challenge(hello)))
    }

    /// True when the proof holds for this connection; says goodbye otherwise.
    private func holds(_ proof: RoomProof, for purpose: RoomProof.Purpose) -> Bool {
        guard let challenge = state.spendChallenge() else { return false }
        let server = loop.shared.tls.keyHash
        guard proof.isValid(for: purpose, challenge: challenge, server: server) else {
            goodbye(.unauthorized)
            return false
        }
        return true
    }

    func check(_ attach: ClientFrame.Attach) {
        guard holds(attach.proof, for: .attach) else { return }
        let room = attach.proof.room
        state.proved(attachTo: room)
        loop.tell(room, .attach(attach.resume), from: id)
    }

    func check(_ transfer: ClientFrame.Transfer) {
        guard holds(transfer.proof, for: .transfer(transfer.token)) else { return }
        let key = SpliceTable.Key(room: transfer.proof.room, token: transfer.token)
        state.proved(transfer: key)
        // The table of splices says when the wait is over; this is for when it cannot.
        touch(limits.spliceWait + limits.spliceWait)
        loop.showToken(key, by: id)
    }
}
