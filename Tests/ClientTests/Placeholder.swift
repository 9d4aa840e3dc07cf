import Testing
@Suite struct ClientPlaceholder { @Test func runs() { #expect(true) } }
