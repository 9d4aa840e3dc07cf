import Foundation

/// One line of JSON.
struct Report {
    private var members: [String] = []

    mutating func add(_ name: String, _ value: String) {
        members.append("\"\(name)\":\"\(value)\"")
    }

    mutating func add(_ name: String, _ value: Int) { members.append("\"\(name)\":\(value)") }

    mutating func add(_ name: String, _ value: Double, digits: Int = 3) {
        members.append("\"\(name)\":" + String(format: "%.\(digits)f", value))
    }

    var line: String { "{\(members.joined(separator: ","))}" }
}
