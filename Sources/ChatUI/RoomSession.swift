package import Client
package import Wire

/// What a face needs of a room: `ChatClient`, or in tests a script.
package protocol RoomSession: Sendable {
    var events: AsyncStream<ClientEvent> { get }
    func run() async throws
    func say(_ text: String) async throws(ClientRefusal) -> MessageID
    func offer(path: String, to person: AttachmentID?) async throws(ClientRefusal) -> OfferNumber
    func accept(_ offer: OfferNumber) async throws(ClientRefusal)
    func decline(_ offer: OfferNumber) async throws(ClientRefusal)
    func cancel(_ offer: OfferNumber) async throws(ClientRefusal)
    var people: [Person] { get async }
    func leave() async
}

extension ChatClient: RoomSession {
    package func say(_ text: String) throws(ClientRefusal) -> MessageID {
        try say(text, isAction: false)
    }
}
