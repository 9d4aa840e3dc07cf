import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A moment on the person's own clock and calendar.
package struct WallTime: Hashable, Sendable {
    package var year: Int
    /// From 1 to 12.
    package var month: Int
    package var day: Int
    /// From 0, which is Sunday.
    package var weekday: Int
    package var hour: Int
    package var minute: Int

    package init(year: Int, month: Int, day: Int, weekday: Int, hour: Int, minute: Int) {
        (self.year, self.month, self.day) = (year, month, day)
        (self.weekday, self.hour, self.minute) = (weekday, hour, minute)
    }

    /// Now, where this machine says that it is.
    package static var now: WallTime {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return WallTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            weekday: Int(parts.tm_wday), hour: Int(parts.tm_hour), minute: Int(parts.tm_min))
    }

    /// Learns the time zone while its file can be read: call it before the program confines itself.
    package static func learnZone() { tzset() }

    /// `14:02`
    var clock: SafeText { "\(Self.twoDigits(hour)):\(Self.twoDigits(minute))" }

    /// `Tuesday, 24 November 2026`
    var date: SafeText {
        "\(Self.weekdays[weekday % 7]), \(day) \(Self.months[(month + 11) % 12]) \(year)"
    }

    func isSameDay(as other: WallTime) -> Bool {
        (year, month, day) == (other.year, other.month, other.day)
    }

    private static func twoDigits(_ number: Int) -> SafeText {
        number < 10 ? "0\(number)" : "\(number)"
    }

    private static let weekdays: [SafeText] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months: [SafeText] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
}
