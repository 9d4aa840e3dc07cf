import Testing
@Suite struct ChatUIPlaceholder { @Test func runs() {} }
