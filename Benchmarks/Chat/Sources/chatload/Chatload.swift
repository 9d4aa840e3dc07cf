import ArgumentParser

/// Loads a chatbox server on this machine and prints one line of JSON about what that cost it.
@main
struct Chatload: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "chatload")

    @OptionGroup var options: Options

    func run() throws {
        ProcessFigures.raiseDescriptorLimit()
        if options.relay > 0 {
            print(try Relay(options: options).run())
        } else if options.churn > 0 {
            print(try Run(options: options).churn())
        } else if options.hold > 0 {
            print(try Run(options: options).idle())
        } else {
            print(try Run(options: options).load())
        }
    }
}
