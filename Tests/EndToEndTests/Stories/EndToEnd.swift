import TestSupport
import Testing

/// The system as stories: the built program, over TLS, on loopback. One after the other, since each
/// needs the machine to itself.
@Suite("chatbox, as it is used", .oneAtATime, .serialized)
enum EndToEnd {}
