import Testing
@Suite struct SealedFilePlaceholder { @Test func runs() {} }
