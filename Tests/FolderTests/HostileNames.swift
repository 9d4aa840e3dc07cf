import Testing

/// Names as strangers send them, and what becomes of them.
enum HostileNames {
    struct Row: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var safe: String
        var testDescription: String { "\(bytes.prefix(40)) → \(safe)" }
        init(_ name: String, _ safe: String) { self.init(Array(name.utf8), safe) }
        init(_ bytes: [UInt8], _ safe: String) {
            self.bytes = bytes
            self.safe = safe
        }
    }

    static let long = String(repeating: "a", count: 300)

    static let table: [Row] = [
        // Paths
        Row("report.pdf", "report.pdf"), Row("../x", "x"), Row("/etc/passwd", "passwd"),
        Row("a/b", "b"), Row("a\\b", "b"), Row("..\\..\\x", "x"), Row("a/", "a"),
        Row("C:x", "C_x"), Row("C:\\x", "x"), Row("x:ads", "x_ads"), Row("x/\u{301}y", "y"),
        Row("..\u{2F}\u{301}x", "x"), Row(".ssh/authorized_keys", "authorized_keys"),
        // Nothing left
        Row("", "file"), Row(".", "file"), Row("..", "file"), Row("   ", "file"),
        Row("....", "file"), Row("///", "file"), Row(". . .", "file"), Row("\u{200B}", "file"),
        // Controls
        Row("a\0b", "a_b"), Row("a\nb", "a_b"), Row("a\r\nb", "a_b"), Row("a\tb", "a_b"),
        Row("a\u{1B}[31mb", "a_[31mb"), Row("a\u{9B}31mb", "a_31mb"), Row("a\u{7F}b", "a_b"),
        Row("a\u{2028}\u{2029}b", "a_b"), Row([0x61, 0xFF, 0xFE, 0x62], "a_b"),
        Row([0x61, 0xC3], "a_"), Row([0xED, 0xA0, 0x80, 0x61], "_a"),
        Row("a\u{E000}b\u{10FFFF}", "a_b_"),
        // Bidirectional and invisible
        Row("photo\u{202E}gpj.exe", "photogpj.exe"), Row("a\u{2066}b\u{2069}", "ab"),
        Row("a\u{200E}\u{200F}\u{61C}b", "ab"), Row("a\u{200B}\u{FEFF}b", "ab"),
        Row("a\u{E0041}b", "ab"), Row("a\u{FE0F}b", "ab"), Row("a\u{AD}b", "ab"),
        Row("a\u{3164}b", "ab"), Row("\u{2800}\u{2800}", "file"),
        Row("a\u{A0}b\u{3000}c", "a b c"),
        // Beginnings and ends
        Row(".bashrc", "bashrc"), Row("-rf", "rf"), Row("~root", "root"), Row(" a ", "a"),
        Row("a. . ", "a"), Row("a.txt.", "a.txt"), Row("-.~ a", "a"), Row("\u{301}a", "a"),
        Row("\u{200B}.profile", "profile"),
        // Devices
        Row("CON", "_CON"), Row("con.txt", "_con.txt"), Row("NUL.tar.gz", "_NUL.tar.gz"),
        Row("com1", "_com1"), Row("COM¹.log", "_COM¹.log"), Row("LPT9", "_LPT9"),
        Row("CLOCK$", "_CLOCK$"), Row("aux .txt", "_aux .txt"), Row("CONSOLE", "CONSOLE"),
        Row("COM10", "COM10"),
        // Lengths
        Row(long + ".pdf", String(repeating: "a", count: 196) + ".pdf"),
        Row(long, String(repeating: "a", count: 200)),
        Row("a." + long, "a." + String(repeating: "a", count: 198)),
        Row(
            "e" + String(repeating: "\u{301}", count: 1000),
            "e" + String(repeating: "\u{301}", count: 8)),
        Row(
            String(repeating: "é", count: 150) + ".txt",
            String(repeating: "é", count: 98) + ".txt"),
        // Our own parts
        Row("x.00112233445566778899aabbccddeeff.part", "x.00112233445566778899aabbccddeeff_part"),
        Row("x.part", "x.part"),
        // Ordinary names stay
        Row("Übersicht (2).tar.gz", "Übersicht (2).tar.gz"), Row("क्षि.txt", "क्षि.txt"),
        Row("日本語.txt", "日本語.txt"), Row("שלום.txt", "שלום.txt"), Row("🎉.png", "🎉.png"),
        Row("a%n$(b);'c'&.txt", "a%n$(b);'c'&.txt"),
    ]

    /// Pieces from which random names are put together.
    static let pieces: [[UInt8]] =
        table.map(\.bytes)
        + [
            "/", "\\", ".", "..", " ", "-", "~", ":", "\0", "\u{1B}", "\u{301}", "\u{202E}",
            "\u{200D}", "👩‍👩‍👧‍👦", "🇩🇪", "ᄀ", "क्", "CON", "nul", ".part",
            "00112233445566778899aabbccddeeff", "a", "\u{FE0F}", "\u{110BD}",
        ].map { Array($0.utf8) }
        + [[0xFF], [0xC3], [0xE2, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x9B]]
}

/// The same numbers each time.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var x = state
        x ^= x >> 33
        x = x &* 0xff51_afd7_ed55_8ccd
        return x ^ (x >> 33)
    }
}
