import Testing
@Suite struct TerminalPlaceholder { @Test func runs() {} }
