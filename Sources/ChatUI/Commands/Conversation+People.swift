import Client
import Terminal
import Wire

/// What is done to, and for, somebody.
extension Conversation {
    private enum Found {
        case one(Person)
        case complaint(Reply)
    }

    private func find(_ name: String, _ model: RoomModel) -> Found {
        switch model.people.find(name) {
        case .one(let attachment):
            if let person = model.people.person(attachment) { return .one(person) }
            return .complaint(.complaint("that person has just left"))
        case .oneself: return .complaint(.complaint(ClientRefusal.yourself.sentence))
        case .none:
            return .complaint(.complaint("nobody here is called \(name); /who lists the names"))
        case .several(let names):
            let list = names.joined(separator: " or ")
            return .complaint(.told([.error("several have this name; write \(list)")]))
        }
    }

    func person(_ command: Command, _ model: RoomModel) async throws(ClientRefusal) -> Reply {
        switch command {
        case .verify(let name, let mark): return try await verify(name, mark, model)
        case .remove(let name):
            switch find(name, model) {
            case .one(let person): try await session.remove(person.attachment)
            case .complaint(let reply): return reply
            }
        case .name(let name):
            try await session.rename(to: name)
        default: break
        }
        return .told([])
    }

    private func verify(
        _ name: String, _ mark: Bool?, _ model: RoomModel
    ) async throws(ClientRefusal) -> Reply {
        switch find(name, model) {
        case .complaint(let reply): return reply
        case .one(let person):
            if let mark {
                try await session.setVerified(mark, person.attachment)
                return .told([])
            }
            let verification = try await session.verification(of: person.attachment)
            let name = model.people.display(person)
            let address = SafeText(
                untrusted: Words.quoted(model.people.address(of: person).string))
            return .told([
                .notice(
                    "read this to \(name) by telephone or face to face; /verify shows them the same:"
                ),
                .bare("   \(SafeText(untrusted: verification.number))"),
                .notice("when both agree: /verify \(address) yes; else: /verify \(address) no"),
            ])
        }
    }

    // MARK: The door

    func decide(
        _ name: String?, _ model: RoomModel, isAdmitted: Bool
    ) async throws(ClientRefusal) -> Reply {
        let asking = model.newcomers
        guard !asking.isEmpty else { return .complaint("nobody asks to be let in now") }
        let found = name.map { name in asking.filter { $0.isMeant(by: name) } } ?? asking
        guard let newcomer = found.first, found.count == 1 else {
            let names = asking.map { RoomModel.name($0) }.joined(separator: " or ")
            return .told([.error("say which one: \(names)")])
        }
        if isAdmitted {
            try await session.admit(newcomer.attachment)
        } else {
            try await session.refuse(newcomer.attachment)
        }
        return .told([])
    }

    // MARK: Files

    /// The first word is a file; of the others each is a file if there is one of that name, else a
    /// person. With `@` before it, a person always.
    func send(_ words: [String], _ model: RoomModel) async -> [Reply] {
        var files: [String] = []
        var people: [Person] = []
        for (index, word) in words.enumerated() {
            let isName = word.utf8.first == UInt8(ascii: "@")
            let path = HomePath.expand(word)
            if index == 0 || !isName && lister.isFile(path) {
                files.append(path)
                continue
            }
            switch find(word, model) {
            case .one(let person):
                if !people.contains(person) { people.append(person) }
            case .complaint(let reply):
                guard !isName, case .none = model.people.find(word) else { return [reply] }
                return [
                    .complaint(
                        "\(word) is neither a file that can be sent nor somebody here; nothing was sent"
                    )
                ]
            }
        }
        var replies: [Reply] = []
        for file in files { replies += await offer(file, to: people, model) }
        return replies
    }

    func offer(_ path: String, to people: [Person], _ model: RoomModel) async -> [Reply] {
        let receivers: [Person?] = people.isEmpty ? [nil] : people
        var replies: [Reply] = []
        for person in receivers {
            do throws(ClientRefusal) {
                // That it is offered is told when it is.
                _ = try await session.offer(path: path, to: person?.attachment)
            } catch {
                replies.append(.complaint("\(path): \(error.sentence)"))
                // What is wrong with a file is wrong for everybody.
                if case .file = error { break }
            }
        }
        return replies
    }
}
