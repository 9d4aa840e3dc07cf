import Foundation
import Testing

extension EndToEnd {
    @Suite(
        "Keys in tmux",
        .enabled(if: Tmux.isExpected, "tmux is not installed: the keys are not tried"))
    struct Keys {
        @Test("Tab completes, the arrows recall, and Ctrl-C clears first", .timeLimit(.minutes(2)))
        func editing() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("1 other here (alice)")
            try bob.type("al")
            try bob.press("Tab")
            try await bob.sees("> alice:")
            try bob.type("hi")
            try bob.press("Enter")
            try await alice.hears("alice: hi")
            try bob.press("Up")
            try await bob.sees("> alice: hi")
            try bob.press("C-c")
            try await bob.sees("an empty line") { $0.last == ">" }
            try bob.press("C-c")
            try await bob.sees("Ctrl-C again leaves the room")
            try bob.type("/quti")
            try bob.press("Enter")
            try await bob.sees("error: there is no /quti; did you mean /quit?")
            try bob.press("C-x", "C-e")
            try await bob.sees("no other program can be started from here")
            try bob.press("C-c", "C-c")
            try await alice.next("person") { $0["change"].string == "left" }
        }

        @Test("several lines are one message, typed or pasted", .timeLimit(.minutes(2)))
        func multiline() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("1 other here (alice)")
            try bob.type("one")
            try bob.press("M-Enter")
            try bob.enter("two\\")
            try await bob.sees("three rows") {
                $0.suffix(3) == ["> one", "  two", ""] || $0.suffix(2) == ["> one", "  two"]
            }
            try bob.enter("three")
            try await alice.hears("one\ntwo\nthree")
            try bob.paste("four\n/five\nsix\n")
            try await bob.sees("the paste") { $0.contains("  /five") }
            try bob.press("Enter")
            try await alice.hears("four\n/five\nsix")
            try bob.paste((1...312).map { "row \($0)" }.joined(separator: "\n"))
            try await bob.sees("[pasted 312 lines, 3 KiB]")
            try bob.press("Enter")
            try await bob.sees("the fold") { rows in
                rows.contains { $0.hasPrefix("  ... 312 lines,") && $0.hasSuffix(": /show 1") }
            }
            try bob.enter("/show 1")
            try await bob.sees("row 312")
        }

        @Test("a paste that is long is a message or a file, as one says", .timeLimit(.minutes(2)))
        func longPaste() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("1 other here (alice)")
            let text = String(repeating: "a long text\n", count: 5000)
            try bob.paste(text)
            try await bob.sees("[pasted 5000 lines, 59 KiB]")
            try bob.press("Enter")
            try await bob.sees("59.9 kB of text: m sends it as a message, f as a file")
            try bob.press("Escape")
            try await bob.sees("> [pasted 5000 lines, 59 KiB]")
            try bob.press("Enter")
            try bob.type("f")
            try await bob.sees("pasted.txt is offered as number 1")
            let offer = try await alice.next("offer")
            #expect(offer["name"].string == "pasted.txt")
            #expect(offer["size"] == .number(Double(text.utf8.count - 1)))
        }

        @Test("leaving while a file is on its way asks, and can wait", .timeLimit(.minutes(2)))
        func leaving() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link, options: "--share '\(world.path)'")
            try await bob.sees("1 other here (alice)")
            let path = "\(world.path)/large.bin"
            _ = try Files.makeRandom(at: path, size: 400 << 20)
            try bob.enter("/send \(path)")
            let offer = try await alice.next("offer")
            try alice.accept(offer)
            try await bob.sees("a transfer") { $0.contains { $0.contains("↑ large.bin") } }
            try bob.press("C-d")
            try await bob.sees("1 file is under way: w waits, l leaves now")
            try bob.press("Escape")
            try await bob.sees("the input") { $0.last == ">" }
            try bob.enter("/quit")
            try bob.type("w")
            try await bob.sees("leaves when all is done")
            try await alice.next("transfer", within: .seconds(60)) {
                $0["state"].string == "completed"
            }
            try await alice.next("person") { $0["change"].string == "left" }
        }

        @Test(
            "the terminal is given back as it was, whichever way the program ends",
            .timeLimit(.minutes(2)), arguments: ["/quit", "C-d", "TERM", "INT", "HUP"])
        func givenBack(way: String) async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window(
                "bob", in: link, before: "stty -a > $HOME/before;",
                after: "stty -a > $HOME/after; cmp $HOME/before $HOME/after && echo the same; cat")
            try await bob.sees("1 other here (alice)")
            switch way {
            case "/quit": try bob.enter("/quit")
            case "C-d": try bob.press("C-d")
            default: try bob.killChild(signal: way)
            }
            try await alice.next("person") { $0["change"].string == "left" }
            let rows = try await bob.sees("the same")
            // What was typed comes back, below what was printed; nothing live is left.
            #expect(!rows.contains { $0.contains("encrypted") || $0.hasPrefix(">") })
        }

        @Test("Ctrl-Z gives the terminal away and takes it back", .timeLimit(.minutes(2)))
        func suspending() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let home = try world.home("bob")
            let bob = try Tmux(
                "exec bash --norc -i", environment: home.environment.merging(["PS1": "$ "]) { $1 },
                columns: 80, rows: 24, world: world)
            try await bob.sees("$")
            try bob.enter("\(Program.path) join '\(link.text)' --name bob --folder $HOME/in")
            try await bob.sees("1 other here (alice)")
            try bob.type("not sent")
            try bob.press("C-z")
            try await bob.sees("Stopped")
            try alice.say("meanwhile")
            try bob.enter("echo $((20+22))")
            try await bob.sees("the shell") { $0.contains("42") }
            try bob.enter("fg")
            try await bob.sees("what was said meanwhile, and what was typed") { rows in
                rows.contains { $0.hasSuffix("alice  meanwhile") } && rows.last == "> not sent"
            }
        }

        @Test("what is typed before the prompt is there is never sent", .timeLimit(.minutes(2)))
        func early() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link, before: "sleep 1;")
            try bob.enter("a secret for the shell")
            try await bob.sees("1 other here (alice)")
            try bob.enter("hello")
            try await alice.hears("hello")
            #expect(try alice.events.filter { $0["type"].string == "message" }.count == 1)
        }

        @Test(
            "a mention rings in tmux as it comes, where nothing says whether one looks",
            .timeLimit(.minutes(1)))
        func ringingUnasked() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("1 other here (alice)")
            try alice.say("nothing for him")
            try await bob.sees("nothing for him")
            #expect(try bob.format("#{window_bell_flag}") == "0")
            try alice.say("bob: hello")
            try await bob.sees("a bell") { _ in (try? bob.format("#{window_bell_flag}")) == "1" }
        }

        @Test(
            "a mention rings while one looks elsewhere, and not otherwise", .timeLimit(.minutes(2)))
        func ringing() async throws {
            let world = try World()
            let server = try await world.serve()
            let link = try await world.newRoom(on: server)
            let alice = try await world.talker("alice", in: link)
            let bob = try world.window("bob", in: link)
            try await bob.sees("1 other here (alice)")
            // The window has the focus: ESC [ I.
            try bob.send(bytes: [0x1B, 0x5B, 0x49])
            try bob.enter("I look")
            try await alice.hears("I look")
            try alice.say("bob: one")
            try await bob.sees("bob: one")
            // The window loses the focus: ESC [ O.
            try bob.send(bytes: [0x1B, 0x5B, 0x4F])
            // Nothing tells when that has come to him but what he does not read any more.
            try await bob.sees("new messages") { rows in
                try? alice.say("nothing for him")
                return rows.contains { $0.contains(" new") }
            }
            #expect(try bob.format("#{window_bell_flag}") == "0")
            try alice.say("Bob, two")
            try await bob.sees("a bell") { _ in (try? bob.format("#{window_bell_flag}")) == "1" }
            try bob.send(bytes: [0x1B, 0x5B, 0x49])
            try await bob.sees("nothing new") { !$0.contains { $0.contains("new") } }
        }
    }
}
