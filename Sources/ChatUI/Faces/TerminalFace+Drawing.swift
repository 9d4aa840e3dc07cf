import Terminal

/// When is drawn what.
extension TerminalFace {
    /// Prints with the next frame.
    func print(_ rows: [StyledText]) {
        pacer.print(rows)
        show()
    }

    /// Draws with the next frame: at most thirty a second, none while nothing changes.
    func show() {
        pacer.show(console.live(maximumRows: screen.maximumRows))
        if !isOutOfReach, pacer.deadline(at: .now) != nil { wishes.continuation.yield() }
    }

    /// What a key did is seen at once.
    func showAtOnce() {
        pacer.show(console.live(maximumRows: screen.maximumRows))
        // While the frame before is still being written: as soon as it is.
        isUrgent = pacer.isBusy && !writer.isIdle
        draw()
    }

    func drawFrames() async {
        for await _ in wishes.stream {
            if writer.isIdle { written() }
            guard !isOutOfReach, let deadline = pacer.deadline(at: .now) else { continue }
            // Cancellation is seen by the stream's end.
            if !isUrgent { try? await Task.sleep(until: deadline, clock: .continuous) }
            draw()
        }
    }

    private func draw() {
        if writer.isIdle { pacer.written() }
        guard !isOutOfReach, pacer.deadline(at: .now) != nil else { return }
        isUrgent = false
        let frame = pacer.takeWhatever(at: .now)
        let output = screen.update(printing: frame.lines, live: frame.live)
        if output.isEmpty { pacer.written() } else { writer.write(output) }
    }

    /// The terminal has taken the last frame. One that is gone ends the stay.
    private func written() {
        pacer.written()
        goOn()
        if writer.hasFailed, console.depart() == .leave { departure.ask() }
    }

    /// Lets the room be told further.
    func goOn() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    /// Leaves an empty screen, with what was on it in the terminal's past.
    func scrollAway() {
        guard !isOutOfReach else { return }
        let frame = pacer.takeWhatever(at: .now)
        let live = console.live(maximumRows: screen.maximumRows)
        var output =
            frame.lines.isEmpty ? "" : screen.update(printing: frame.lines, live: frame.live)
        output += screen.scrollAway(live: live)
        writer.write(output)
    }
}
