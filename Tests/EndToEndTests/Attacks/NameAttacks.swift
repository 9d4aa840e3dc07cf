import Testing

extension EndToEnd {
    /// Somebody with the link takes a name that is shown as a verified person's.
    @Suite("Attacks by names") struct NameAttacks {
        /// A name that is longer than what is shown of it.
        private static let long = "Konstantinos-Alexandros Papadimitriou"

        @Test(
            "whoever is shown under a verified person's name is warned of",
            .timeLimit(.minutes(2)))
        func impostors() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let observer = try await world.talker("observer", in: link)
            for name in ["ann", Self.long] {
                let person = try await world.talker(name, in: link)
                try await observer.next("person") { $0["person"]["name"].string == name }
                try observer.tell(["type": "verify", "person": .string(name), "verified": true])
                try await observer.next("person") { $0["change"].string == "verified" }
                #expect(try await person.quit() == 0)
                try await observer.next("person") { $0["change"].string == "left" }
            }
            let names = [
                "ann", "ann\u{2800}", "\u{2800}ann", "ann\u{1D159}", "\u{16FE4}ann", "ann\u{16FE4}",
                "\u{FFFC}ann", "A\u{200B}nn\u{2060}", String(Self.long.dropLast(5)),
                Self.long.dropLast(4) + "zzz",
            ]
            for name in names {
                let impostor = try await world.talker(name, in: link)
                let warning = try await observer.next("warning") {
                    $0["person"]["name"].string == name
                }
                #expect(warning["kind"].string == "notTheVerified")
                let isLong = name.utf8.count > 20
                let shown =
                    isLong ? String(Self.long.prefix(32)) : name.contains("A") ? "Ann" : "ann"
                let key = warning["person"]["key"].string ?? ""
                let text = warning["text"].string ?? ""
                #expect(text.hasPrefix("\(shown)#\(key) is not who you verified"))
                #expect(try await impostor.quit() == 0)
            }
        }
    }
}
