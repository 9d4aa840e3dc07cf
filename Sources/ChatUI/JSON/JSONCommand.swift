import Foundation

/// One line of input of the JSON face.
package enum JSONCommand: Equatable {
    /// `{"type":"say","text":TEXT}`
    case say(String)
    /// `{"type":"send","path":PATH,"to":NAME}`; without `to` the file is offered to the room.
    case send(path: String, to: String?)
    /// `{"type":"accept","offer":N}`
    case accept(Int)
    /// `{"type":"decline","offer":N}`
    case decline(Int)
    /// `{"type":"cancel","offer":N}`
    case cancel(Int)
    /// `{"type":"who"}`
    case who
    /// `{"type":"quit"}`
    case quit

    package init(parsing line: String) throws(JSONCommandError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line.utf8))
        } catch {
            throw .notACommand
        }
        switch fields.type {
        case "say":
            guard let text = fields.text else { throw .missing("say", "text") }
            self = .say(text)
        case "send":
            guard let path = fields.path else { throw .missing("send", "path") }
            self = .send(path: path, to: fields.to)
        case "accept": self = .accept(try fields.number())
        case "decline": self = .decline(try fields.number())
        case "cancel": self = .cancel(try fields.number())
        case "who": self = .who
        case "quit": self = .quit
        default: throw .unknown(fields.type)
        }
    }

    private struct Fields: Decodable {
        var type: String
        var text: String?
        var path: String?
        var to: String?
        var offer: Int?

        func number() throws(JSONCommandError) -> Int {
            guard let offer else { throw .missing(type, "offer") }
            return offer
        }
    }
}

/// What is wrong with a line of input.
package enum JSONCommandError: Error, Equatable {
    case notACommand
    case unknown(String)
    case missing(String, String)

    /// One sentence that says what to send instead.
    package var sentence: String {
        switch self {
        case .notACommand:
            "this line is no command; send one JSON object a line, such as {\"type\":\"who\"}"
        case .unknown(let type):
            "there is no command \(type); use say, send, accept, decline, cancel, who or quit"
        case .missing(let type, let member): "the command \(type) needs a member \"\(member)\""
        }
    }
}
