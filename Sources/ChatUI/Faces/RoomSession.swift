package import Client
package import Wire

/// What a face needs of a room: `ChatClient`, or in tests a script.
package protocol RoomSession: Sendable {
    var events: AsyncStream<ClientEvent> { get }
    func run() async throws
    func say(_ text: String, isAction: Bool) async throws(ClientRefusal) -> MessageID
    func offer(path: String, to person: AttachmentID?) async throws(ClientRefusal) -> OfferNumber
    func accept(_ offer: OfferNumber) async throws(ClientRefusal)
    func decline(_ offer: OfferNumber) async throws(ClientRefusal)
    func cancel(_ offer: OfferNumber) async throws(ClientRefusal)
    var people: [Person] { get async }
    var unfinished: (messages: Int, transfers: Int) { get async }
    func admit(_ newcomer: AttachmentID) async throws(ClientRefusal)
    func refuse(_ newcomer: AttachmentID) async throws(ClientRefusal)
    var newcomers: [Newcomer] { get async }
    func remove(_ person: AttachmentID) async throws(ClientRefusal)
    func rename(to name: String) async throws(ClientRefusal)
    func verification(of person: AttachmentID) async throws(ClientRefusal) -> Verification
    func setVerified(_ isVerified: Bool, _ person: AttachmentID) async throws(ClientRefusal)
    var receipts: (received: [Person], missing: [Person]) { get async }
    func leave() async
}

extension ChatClient: RoomSession {}
