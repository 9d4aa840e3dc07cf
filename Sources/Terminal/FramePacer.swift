/// Decides when to draw, so that a flood of messages costs thirty frames a second and silence
/// costs nothing, and so that a terminal that takes no more is not waited for.
///
/// Printed lines gather until the next frame and none is ever dropped; of live regions only the
/// newest counts. The caller keeps the clock: it asks for `deadline`, waits, and takes the frame.
package struct FramePacer: Sendable {
    package struct Frame: Sendable {
        package var lines: [StyledText]
        package var live: LiveRegion
    }

    /// Frames are no closer together than this: thirty a second.
    package static let interval = Duration.milliseconds(33)
    /// Lines that wait for a blocked terminal until `isFull`: some dozens of MiB at worst.
    package static let maximumWaiting = 10_000

    private var lines: [StyledText] = []
    private var live: LiveRegion
    private var isWanted = true
    private var lastFrame: ContinuousClock.Instant?
    /// True while the terminal has not taken the last frame yet.
    package private(set) var isBusy = false

    package init(live: LiveRegion) { self.live = live }

    /// Lines to print with the next frame.
    package mutating func print(_ more: [StyledText]) {
        guard !more.isEmpty else { return }
        lines += more
        isWanted = true
    }

    /// The live region from the next frame on; nothing is drawn when it is as it was.
    package mutating func show(_ live: LiveRegion) {
        guard live != self.live else { return }
        self.live = live
        isWanted = true
    }

    /// Wants a frame though nothing changed: the size did, or the terminal was given away.
    package mutating func invalidate() { isWanted = true }

    /// True when so many lines wait that no more should be asked for until some are written.
    package var isFull: Bool { lines.count >= Self.maximumWaiting }

    /// When the next frame may be drawn, perhaps in the past; nil when there is nothing to draw or
    /// the terminal is busy.
    package func deadline(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard isWanted, !isBusy else { return nil }
        return lastFrame.map { $0.advanced(by: Self.interval) } ?? now
    }

    /// The frame to draw now, if its time has come. Call `written` when the terminal has it.
    package mutating func take(at now: ContinuousClock.Instant) -> Frame? {
        guard let deadline = deadline(at: now), deadline <= now else { return nil }
        return takeWhatever(at: now)
    }

    /// The frame to draw now, whatever the time: the last one.
    package mutating func takeWhatever(at now: ContinuousClock.Instant) -> Frame {
        (lastFrame, isWanted, isBusy) = (now, false, true)
        defer { lines = [] }
        return Frame(lines: lines, live: live)
    }

    /// The terminal has taken the frame.
    package mutating func written() { isBusy = false }
}
