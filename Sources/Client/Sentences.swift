/// What a person is told when a transfer fails: what happened, and what to do.
enum Sentences {
    static let senderLeft =
        "the sender left before all of it was here; the part is kept, in case they come back"
    static let receiverLeft = "they left before they had all of it"
    static let leftHere = "you left before it was across; a part that came is kept"
    static let peerSilent = "nothing was heard from the other side for ten minutes"
    static let changedHere =
        "the file changed since it was offered; offer it again when it is as it should be"
    static let changedThere =
        "the file changed at the sender while it was on its way; ask them to offer it again"
    static let unknownThere =
        "the sender does not offer this file any more; ask them to offer it again"
    static let damagedThere = "what arrived there was not this file; offer it again"
    static let stoppedThere =
        "they cannot receive it now, perhaps for want of space; it goes on if they accept it again"
    static let nobodyLeft =
        "nobody is left who could take it; offer it again when they are back"
    static let wrongDigest =
        "what came is not what the sender promised, so it was deleted; ask them to offer it again"
    static let wrongSize =
        "the file is not of the size that the sender announced, so the part was deleted"
    static let notAuthentic =
        "what came was tampered with or damaged on the way; accept it again to try once more"
    static let senseless = "the offer is damaged; ask for it to be made again"
    static let notOurs = "the part in the folder does not fit the file; accept it again"
}
