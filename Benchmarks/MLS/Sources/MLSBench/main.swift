import MLS

// Usage: mls-bench [members…]; 10, 100, 1000 and 10000 by default. Groups with all parents set are
// made up to 1000 members only: making one of 10000 takes ten thousand joins.
let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }

for count in sizes.isEmpty ? [10, 100, 1000, 10_000] : sizes {
    for kind in count <= 1000 ? ["blank", "set"] : ["blank"] {
        let before = residentBytes()
        let start = cpuSeconds()
        var pair = kind == "blank" ? try Pair.blank(count) : try Pair.set(count)
        print("## \(count) members, \(kind)\n")
        print("- making the group: \(format(cpuSeconds() - start)) s")
        let grown = residentBytes() - before
        print("- resident growth for two clients: \(grown / 1024) KiB, with garbage of the making")
        let costs = try measure(&pair, repeats: count > 1000 ? 5 : 15)
        for row in costs.rows { print("- \(row.name): \(row.value)") }
        for size in [100, 16384] {
            let (seal, open, bytes) = try measureMessages(&pair, size: size, count: 500)
            print(
                "- message of \(size) B: encrypt \(format(seal * 1000)) ms,"
                    + " decrypt \(format(open * 1000)) ms, \(bytes) B on the wire")
        }
        print("- saved state: \(pair.sender.savedState().count) B\n")
    }
}
