import MLS

/// What one size of group costs, in CPU milliseconds (medians) and bytes.
struct Costs {
    var rows: [(name: String, value: String)] = []

    mutating func time(_ name: String, _ samples: [Double]) {
        let sorted = samples.sorted()
        rows.append((name + ", ms", format(sorted[sorted.count / 2] * 1000)))
    }

    mutating func size(_ name: String, _ bytes: Int) {
        rows.append((name + ", B", "\(bytes)"))
    }
}

func format(_ value: Double) -> String {
    let scaled = Int((value * 1000).rounded())
    let digits = "\(scaled % 1000)"
    return "\(scaled / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
}

func timed<R: ~Copyable>(
    _ samples: inout [Double], _ body: () throws -> R
) rethrows -> R {
    let start = cpuSeconds()
    let result = try body()
    samples.append(cpuSeconds() - start)
    return result
}

func process(_ group: inout Group, _ message: MLSMessage) throws {
    guard case .commit(let verified) = try group.open(bytes: message.bytes) else { return }
    try group.adopt(group.stage(verified))
}

/// - Parameter repeats: samples of what leaves the group as it was.
func measure(_ pair: inout Pair, repeats: Int) throws -> Costs {
    var costs = Costs()
    try measureAdds(&pair, &costs, repeats)
    try measurePaths(&pair, &costs, repeats)
    return costs
}

private func measureAdds(_ pair: inout Pair, _ costs: inout Costs, _ repeats: Int) throws {
    var (create, inside, process, join) = ([Double](), [Double](), [Double](), [Double]())
    for number in 0..<repeats {
        let newcomer = try Newcomer(1_000_000 + number)
        let change = [Change.add(newcomer.bundle.keyPackage)]
        let whole = try timed(&inside) { try pair.sender.commit(change) }
        if number == 0 { costs.size("Welcome with tree", whole.welcome?.bytes.count ?? 0) }
        var options = CommitOptions()
        options.putsTreeInWelcome = false
        let pending = try timed(&create) { try pair.sender.commit(change, options: options) }
        if number == 0 {
            costs.size("Welcome, tree outside", pending.welcome?.bytes.count ?? 0)
            costs.size("path-less Add: commit", pending.message.bytes.count)
        }
        try timed(&process) {
            guard case .commit(let verified) = try pair.receiver.open(pending.message) else {
                return
            }
            _ = try pair.receiver.stage(verified)
        }
        if number < max(1, repeats / 3) {
            _ = try timed(&join) { try newcomer.join(whole.welcome, tree: nil) }
        }
    }
    costs.time("path-less Add: create", create)
    costs.time("same, tree in the Welcome", inside)
    costs.time("path-less Add: process", process)
    costs.time("join from Welcome", join)
}

private func measurePaths(_ pair: inout Pair, _ costs: inout Costs, _ repeats: Int) throws {
    var (create, process, remove, external) = ([Double](), [Double](), [Double](), [Double]())
    for number in 0..<repeats {
        let pending = try timed(&create) { try pair.sender.commit() }
        if number == 0 { costs.size("full-path commit", pending.message.bytes.count) }
        try timed(&process) {
            guard case .commit(let verified) = try pair.receiver.open(pending.message) else {
                return
            }
            _ = try pair.receiver.stage(verified)
        }
        let victim = LeafIndex(UInt32(pair.sender.memberCount / 2))
        let removal = try timed(&remove) { try pair.sender.commit([.remove(victim)]) }
        if number == 0 { costs.size("Remove", removal.message.bytes.count) }
    }
    guard case .groupInfo(let info) = try pair.sender.groupInfo(allowsExternalCommits: true)
    else { return }
    costs.size("GroupInfo + tree", MLSMessage.groupInfo(info).bytes.count)
    let outsider = try Newcomer(2_000_000)
    for number in 0..<max(1, repeats / 3) {
        let join = try timed(&external) {
            try Group.joinExternally(
                info, as: outsider.identity, policy: policy, environment: environment)
        }
        if number == 0 { costs.size("external commit", join.message.bytes.count) }
    }
    costs.time("full-path commit: create", create)
    costs.time("full-path commit: process", process)
    costs.time("Remove: create", remove)
    costs.time("external commit: create", external)
}

/// Application messages a second both ways.
func measureMessages(_ pair: inout Pair, size: Int, count: Int) throws -> (Double, Double, Int) {
    let data = [UInt8](repeating: 7, count: size)
    var messages: [[UInt8]] = []
    var start = cpuSeconds()
    for _ in 0..<count { messages.append(try pair.sender.encrypt(data).bytes) }
    let encrypt = (cpuSeconds() - start) / Double(count)
    start = cpuSeconds()
    for message in messages { _ = try pair.receiver.open(bytes: message) }
    return (encrypt, (cpuSeconds() - start) / Double(count), messages[0].count)
}
