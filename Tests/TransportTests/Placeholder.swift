import Testing

@Suite struct TransportPlaceholder { @Test func runs() {} }
