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
        self = try JSONRequest(parsing: line).command.get()
    }

    /// Every type, as the error names them.
    static let types = [
        "say", "send", "accept", "decline", "cancel", "who", "invite", "name", "verify", "remove",
        "admit", "refuse", "quit",
    ]
}

/// A command, and what its sender calls it.
package struct JSONRequest {
    /// Echoed, as `for`, by everything that answers the command: text or a whole number.
    package private(set) var id: JSONValue?
    /// What the command says it is.
    package private(set) var type: String?
    package let command: Result<JSONCommand, JSONCommandError>

    /// Bytes of an `id`: enough for any key, and too few to have a megabyte echoed.
    static let maximumID = 128

    package init(parsing line: String) {
        guard let members = try? JSONDecoder().decode(Members.self, from: Data(line.utf8)) else {
            command = .failure(.notACommand)
            return
        }
        (id, type) = (members.id, members.type)
        command = Result { () throws(JSONCommandError) in try members.command() }
    }

    private struct Members: Decodable {
        var type: String
        var id: JSONValue?
        private var text: String?
        private var action: Bool?
        private var path: String?
        private var to: String?
        private var offer: Int?
        private var name: String?
        private var person: String?
        private var verified: Bool?
        /// A member that is of another kind than it should be.
        private var wrong: Name?

        private enum Name: String, CodingKey {
            case type, id, text, action, path, to, offer, name, person, verified
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Name.self)
            type = try members.decode(String.self, forKey: .type)
            var wrong: Name?
            func member<Value: Decodable>(_ name: Name) -> Value? {
                do {
                    return try members.decodeIfPresent(Value.self, forKey: name)
                } catch {
                    wrong = name
                    return nil
                }
            }
            text = member(.text)
            action = member(.action)
            path = member(.path)
            to = member(.to)
            offer = member(.offer)
            name = member(.name)
            person = member(.person)
            verified = member(.verified)
            if let text = try? members.decode(String.self, forKey: .id) {
                if text.utf8.count <= maximumID { id = .string(text) } else { wrong = .id }
            } else {
                id = (member(.id) as Int?).map(JSONValue.integer)
            }
            self.wrong = wrong
        }

        func command() throws(JSONCommandError) -> JSONCommand {
            if let wrong { throw .wrong(type, wrong.rawValue) }
            return switch type {
            case "say": .say(try said(), isAction: action ?? false)
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

        private func said() throws(JSONCommandError) -> String {
            let text = try member("text", text)
            guard !text.isEmpty else { throw .missing(type, "text") }
            return text
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
    /// A member is not there, or there is nothing in it.
    case missing(String, String)
    /// A member is of another kind than it should be.
    case wrong(String, String)

    /// The member that it is about.
    var member: String? {
        switch self {
        case .notACommand, .unknown: nil
        case .missing(_, let member), .wrong(_, let member): member
        }
    }

    /// One sentence that says what to send instead.
    package var sentence: String {
        switch self {
        case .notACommand:
            "this line is no command; send one JSON object a line, such as {\"type\":\"who\"}"
        case .unknown(let type):
            "there is no command \(type); use one of \(JSONCommand.types.joined(separator: ", "))"
        case .missing(let type, let member): "the command \(type) needs a member \"\(member)\""
        case .wrong(let type, "id"):
            "the id of the command \(type) is no whole number and no text of at most "
                + "\(JSONRequest.maximumID) bytes; nothing was done"
        case .wrong(let type, let member):
            "the member \"\(member)\" of the command \(type) cannot be that; nothing was done"
        }
    }
}
