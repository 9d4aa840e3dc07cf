#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The terminal while this program has it: raw, with its modes on, and given back however the
/// program ends (`RawMode`).
///
///     var capabilities = Capabilities(environment: environment, isTerminal: true)
///     TerminalSession.start(&capabilities, &decoder)
///     defer { TerminalSession.stop() }
package enum TerminalSession {
    /// How long answers are waited for. Later ones still come, as keys.
    package static let answerLimit = Duration.milliseconds(100)

    /// Takes the terminal: raw mode, marked pastes, focus reports; asks it about itself where that
    /// is safe, and switches on what it said it has. What was typed before is dropped: it was not
    /// meant for what is asked now.
    ///
    /// - Parameters:
    ///   - capabilities: what was guessed; comes back with what was learnt.
    ///   - decoder: keeps what may have come of an answer only by half.
    /// - Returns: false when the input is no terminal.
    @discardableResult
    package static func start(_ capabilities: inout Capabilities, _ decoder: inout KeyDecoder)
        -> Bool
    {
        guard RawMode.enter() else { return false }
        guard !capabilities.isDumb else { return true }
        RawMode.switchOn(.pasteMarkersAndFocus)
        if capabilities.answersQueries, TerminalDevice.areSame(STDIN_FILENO, STDOUT_FILENO) {
            ask(&capabilities, &decoder)
        } else {
            capabilities.answersQueries = false
        }
        if capabilities.knowsClusters { RawMode.switchOn(.clusters) }
        if capabilities.knowsKittyKeyboard { RawMode.switchOn(.kittyKeyboard) }
        return true
    }

    /// Gives the terminal back. Erase the live region first.
    package static func stop() { RawMode.leave() }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when
    /// it is continued. Erase the live region before; resize and draw anew after.
    package static func suspend(_ capabilities: Capabilities) {
        RawMode.leave()
        TerminalDevice.suspend()
        resume(capabilities)
    }

    /// Takes the terminal again, as after SIGCONT, whatever somebody else made of its settings.
    package static func resume(_ capabilities: Capabilities) {
        RawMode.forget()
        guard RawMode.enter(), !capabilities.isDumb else { return }
        RawMode.switchOn(.pasteMarkersAndFocus)
        if capabilities.knowsClusters { RawMode.switchOn(.clusters) }
        if capabilities.knowsKittyKeyboard { RawMode.switchOn(.kittyKeyboard) }
    }

    /// Every terminal answers the last question, so its answer ends the wait.
    private static func ask(_ capabilities: inout Capabilities, _ decoder: inout KeyDecoder) {
        Output.write(Capabilities.questions)
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: answerLimit)
        while true {
            let left = clock.now.duration(to: end)
            guard left > .zero, let bytes = read(within: left) else { return }
            for case .reply(let reply) in decoder.feed(bytes) {
                capabilities.learn(reply)
                if case .attributes = reply { return }
            }
        }
    }

    private static func read(within limit: Duration) -> [UInt8]? {
        let milliseconds = Int32(limit / .milliseconds(1)) + 1
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        return TerminalDevice.read(STDIN_FILENO)
    }
}
