import MLS
import Wire

@testable import Client

/// Who said what, sealed for whom, and who should have it.
struct StormLedger {
    struct Seal {
        var saying: StormClient.Saying
        var sender: AttachmentID
        var group: [UInt8]
        var epoch: UInt64
        /// Who was in when it was sealed.
        var readers: Set<AttachmentID>
        /// Its sender saw it in the log and took it for readable.
        var hasLanded = false
    }

    struct Miss {
        var client: StormClient
        var stay: Int
        var payload: [UInt8]
        /// It was of an epoch that its reader did not know of yet.
        var isBehind: Bool
    }

    struct Place: Hashable {
        var log: LogID
        var sequence: UInt64
    }

    /// Entries as they came to anybody.
    private var entries: [Place: [UInt8]] = [:]
    private(set) var seals: [[UInt8]: Seal] = [:]
    /// Entries that passed a member of their epoch and were not heard.
    private var misses: [Miss] = []

    mutating func sealed(
        _ saying: StormClient.Saying, _ payload: [UInt8], by client: StormClient
    ) {
        guard let membership = client.group.membership, let sender = client.attachment else {
            return
        }
        seals[payload] = Seal(
            saying: saying, sender: sender, group: membership.group.groupID,
            epoch: membership.group.epoch, readers: Set(membership.roster.attachments))
    }

    mutating func came(_ payload: [UInt8], at sequence: UInt64, in log: LogID) {
        entries[Place(log: log, sequence: sequence)] = payload
    }

    func seal(at sequence: UInt64, in log: LogID) -> Seal? {
        entries[Place(log: log, sequence: sequence)].flatMap { seals[$0] }
    }

    mutating func landed(_ payload: [UInt8]) { seals[payload]?.hasLanded = true }

    /// Notes since when somebody is in, as far as can be seen from outside.
    func noteStay(of client: StormClient) {
        guard client.since == nil, let membership = client.group.membership else { return }
        client.since = (membership.group.groupID, membership.group.epoch)
    }

    /// An entry passed somebody.
    mutating func witness(_ client: StormClient, _ payload: [UInt8], wasInside: Bool) {
        guard wasInside, client.end == nil, let since = client.since,
            let seal = seals[payload], seal.group == since.group, seal.epoch >= since.epoch,
            client.heard[seal.saying.id] == nil
        else { return }
        let epoch = client.group.membership?.group.epoch ?? 0
        misses.append(
            Miss(
                client: client, stay: client.stay, payload: payload,
                isBehind: seal.epoch > epoch))
    }

    /// Those who should have heard something and did not.
    mutating func unheard() -> [String] {
        defer { misses = [] }
        return misses.compactMap { miss in
            guard let seal = seals[miss.payload], seal.hasLanded,
                miss.client.heard[seal.saying.id] == nil,
                // Who came in anew since was told that something is missing.
                !miss.isBehind || miss.client.stay == miss.stay
            else { return nil }
            return "p\(miss.client.number) did not hear m\(seal.saying.id)"
        }
    }
}
