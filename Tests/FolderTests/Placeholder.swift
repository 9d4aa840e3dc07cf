import Testing
@Suite struct FolderPlaceholder { @Test func runs() {} }
