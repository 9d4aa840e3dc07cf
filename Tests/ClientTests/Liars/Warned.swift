/// The warnings that people are shown, written out as they stand on the screen.
enum Warned {
    static func different(_ name: String) -> String {
        "-- WARNING: the server has shown \(name) a different conversation since 14:02, or "
            + "\(name)'s program is wrong"
    }

    static func unreadable(_ name: String) -> String {
        "-- WARNING: something that \(name) said cannot be opened: the server changed it or "
            + "withheld what opens it, or their program is wrong"
    }

    static let outsider =
        "-- WARNING: somebody who has the link but is not in the room writes into it; what they write "
        + "is ignored"

    static let withheld =
        "-- WARNING: the server withheld a change of the room's keys; you cannot read what was said "
        + "after it, and come in again"

    static func twice(_ name: String) -> String {
        "-- WARNING: something that \(name) said came a second time: the server sent it again, or "
            + "their program is wrong; it was passed over"
    }

    static func wrongAuthor(_ name: String) -> String {
        "-- WARNING: the server named the wrong author for something that \(name) said; go by the "
            + "names shown here"
    }

    static let secondConversation =
        "-- WARNING: somebody began a second conversation in this room; stay in this one, and ask "
        + "over another channel who is in the other"

    static let dropped =
        "-- WARNING: somebody took you out of the conversation as gone although you are here; you "
        + "come in again, without what was said meanwhile"

    static func forbidden(_ name: String) -> String {
        "-- WARNING: \(name) made a change to the room that the rules forbid; it was passed over"
    }

    static let forgedKnock =
        "-- WARNING: somebody asked to be let in without knowing the link, or in another's place; "
        + "they were not"

    static let forgedWelcome =
        "-- WARNING: an answer came that nobody with the link can have made; it was passed over, and "
        + "you ask again"

    static let missed = "-- what was said while you were away, if anything, can no longer be had"
}
