import TestSupport
import Testing

@Suite("What stories are told with", .oneAtATime)
struct SupportTests {
    @Test("a screen shows what a terminal would")
    func screens() {
        let erased = Screen(width: 20, showing: Array("one\r\u{1b}[Ktwo\r\nthree\u{8}\u{8}E".utf8))
        #expect(erased.lines == ["two", "thrEe"])
        #expect(erased.currentLine == "thrEe")
        let redrawn = Screen(
            width: 10, showing: Array("> half\r\u{1b}[Jbob: hi\r\n> half\u{1b}[3D".utf8))
        #expect(redrawn.lines == ["bob: hi", "> half"])
        #expect(redrawn.column == 3)
        let wrapped = Screen(width: 4, showing: Array("abcdefg\u{1b}[A\r\u{1b}[31mX\u{1b}[0m".utf8))
        #expect(wrapped.lines == ["Xbcd", "efg"])
    }

    @Test("a terminal is the controlling one of the program on it", .timeLimit(.minutes(1)))
    func terminal() async throws {
        let world = try World()
        let program = try Program(
            [], home: try world.home("shell"),
            console: .terminal(rows: 24, columns: 80),
            shell: "stty size; read line </dev/tty; echo got $line; exit 7")
        try await program.expect("24 80")
        program.type("typed\r")
        try await program.expect("got typed")
        #expect(try await program.exitCode() == 7)
    }

    @Test("pipes carry everything, and standard error apart", .timeLimit(.minutes(1)))
    func pipes() async throws {
        let world = try World()
        let program = try Program(
            [], home: try world.home("shell"), shell: "echo $HOME >&2; cat; exit 3")
        let text = String(repeating: "0123456789abcde\n", count: 50_000)
        program.type(text)
        program.endInput()
        try await program.expectError(world.path)
        #expect(try await program.finish() == 3)
        #expect(program.output.text == text)
    }

    @Test("a program that is killed says so, and a wait has an end", .timeLimit(.minutes(1)))
    func deadlines() async throws {
        let world = try World()
        let program = try Program(
            [], home: try world.home("shell"), shell: "echo on; exec sleep 100")
        try await program.expect("on\n")
        await #expect(throws: Unmet.self) {
            try await program.expect("off", within: .milliseconds(50))
        }
        program.signal(9)
        #expect(try await program.exitCode() == 137)
        await #expect(throws: Unmet.self) { try await program.expect("off", within: .seconds(9)) }
    }
}
