import Foundation

/// The time of day, for people.
struct WallClock: Sendable {
    /// Seconds since 1970.
    let now: @Sendable () -> UInt64
    /// Seconds that the clocks of this place are ahead of Greenwich at a time.
    let offset: @Sendable (UInt64) -> Int

    /// This machine's clock and place.
    static let system = WallClock(
        now: { UInt64(max(0, Date().timeIntervalSince1970)) },
        offset: { seconds in
            TimeZone.current.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        })

    /// Hours and minutes at a time, as the clocks here show it: `14:02`.
    func timeOfDay(_ seconds: UInt64) -> String {
        let minutes = (Int(clamping: seconds) + offset(seconds)) / 60
        let (hour, minute) = (minutes / 60 % 24, minutes % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}
