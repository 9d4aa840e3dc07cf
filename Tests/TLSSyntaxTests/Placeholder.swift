import Testing

@Suite struct TLSSyntaxPlaceholder { @Test func runs() {} }
