import Foundation

/// One line of input of the JSON face.
package enum JSONCommand: Equatable {
    /// `{"type":"say","text":TEXT}`; with `"action":true` what one does rather than says
    case say(String, isAction: Bool)
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
    /// `{"type":"invite"}`
    case invite
    /// `{"type":"name","name":NAME}`
    case name(String)
    /// `{"type":"verify","person":NAME}`, and `"verified":BOOL` to set the mark
    case verify(String, mark: Bool?)
    /// `{"type":"remove","person":NAME}`
    case remove(String)
    /// `{"type":"admit","person":NAME}`
    case admit(String)
    /// `{"type":"refuse","person":NAME}`
    case refuse(String)
    /// `{"type":"quit"}`
    case quit

    package init(parsing line: String) throws(JSONCommandError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line.utf8))
        } catch {
            throw .notACommand
        }
        self = try fields.command()
    }

    /// Every type, as the error names them.
    static let types = [
        "say", "send", "accept", "decline", "cancel", "who", "invite", "name", "verify", "remove",
        "admit", "refuse", "quit",
    ]

    private struct Fields: Decodable {
        var type: String
        var text: String?
        var action: Bool?
        var path: String?
        var to: String?
        var offer: Int?
        var name: String?
        var person: String?
        var verified: Bool?

        func command() throws(JSONCommandError) -> JSONCommand {
            switch type {
            case "say": .say(try member("text", text), isAction: action ?? false)
            case "send": .send(path: try member("path", path), to: to)
            case "accept": .accept(try member("offer", offer))
            case "decline": .decline(try member("offer", offer))
            case "cancel": .cancel(try member("offer", offer))
            case "who": .who
            case "invite": .invite
            case "name": .name(try member("name", name))
            case "verify": .verify(try member("person", person), mark: verified)
            case "remove": .remove(try member("person", person))
            case "admit": .admit(try member("person", person))
            case "refuse": .refuse(try member("person", person))
            case "quit": .quit
            default: throw .unknown(type)
            }
        }

        private func member<Value>(
            _ name: String, _ value: Value?
        ) throws(JSONCommandError) -> Value {
            guard let value else { throw .missing(type, name) }
            return value
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
            "there is no command \(type); use one of \(JSONCommand.types.joined(separator: ", "))"
        case .missing(let type, let member): "the command \(type) needs a member \"\(member)\""
        }
    }
}
