import ArgumentParser

/// What to do to which server. Named as in the load generator for the floor (`loadgen.c`), so that
/// one script drives both.
struct Options: ParsableArguments {
    @Argument(help: "The port of the server, on this machine.")
    var port: Int

    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Members of each room.")
    var members = 100

    @Option(help: "Members of each room, besides the others, who speak. 0: all members speak.")
    var pubs = 4

    @Option(help: "Messages a second, in all rooms together.")
    var rate = 0.0

    @Option(help: "Messages under way at most, instead of a rate: as fast as it goes.")
    var window = 0

    @Option(help: "Bytes of a message.")
    var size = 200

    @Option(help: "Connections being made at once.")
    var par = 64

    @Option(help: "Only makes so many connections, which attach and leave.")
    var churn = 0

    @Option(help: "Only holds the connections idle for so many seconds.")
    var hold = 0.0

    @Option(help: "Only sends so many MiB through a splice.")
    var relay = 0

    @Option(help: "Seconds before measuring.")
    var warm = 1.0

    @Option(help: "Seconds of measuring.")
    var time = 5.0

    @Option(help: "Seconds between the last attach and the load.")
    var settle = 0.5

    @Option(name: .customLong("pid"), help: "Process of the server; may be given several times.")
    var pids: [Int] = []

    @Option(help: "A name for the line of results.")
    var tag = ""

    @Option(help: "Addresses of this machine to connect from: 127.0.0.2 and on. 0: the usual one.")
    var srcs = 16

    @Flag(help: "Classical key exchange only (X25519), as in the floor's load generator.")
    var classical = false

    @Flag(name: .shortAndLong, help: "Tells on standard error why connections were closed.")
    var verbose = false

    func validate() throws {
        guard (1...0xffff).contains(port) else { throw ValidationError("no such port") }
        guard (64...16_000).contains(size) else { throw ValidationError("a size from 64 to 16000") }
        guard rooms > 0, members > 0, par > 0, (0...200).contains(srcs) else {
            throw ValidationError("nothing to do")
        }
    }

    /// Members of a room who speak.
    var speakersPerRoom: Int { pubs > 0 ? pubs : members }

    /// Attachments of a room.
    var roomSize: Int { members + pubs }

    /// Deliveries that one message causes: to everybody else in the room.
    var fan: Int { roomSize - 1 }
}
