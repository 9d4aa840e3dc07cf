import Testing
@Suite struct ServerPlaceholder { @Test func runs() {} }
