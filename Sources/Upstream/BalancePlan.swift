package import Config

/// The addresses of an upstream with everything that a policy can compute before the first request.
///
/// Immutable: built once per change of addresses, off the workers where it can be, and read by all of them.
package final class BalancePlan: Sendable {
    package let targets: [ResolvedTarget]
    /// Indexes into `targets` whose weight is not zero; what the policies choose among.
    let eligible: [Int32]
    let schedule: WeightedSchedule
    let sampler: WeightedSampler
    let maglev: MaglevTable

    package init(_ targets: [ResolvedTarget], balance: UpstreamConfig.Balance) {
        var seen: Set<ResolvedTarget.Identity> = []
        let targets = targets.prefix(WeightedSchedule.membersMax).filter { seen.insert($0.identity).inserted }
        self.targets = targets
        let eligible = targets.indices.filter { targets[$0].weight > 0 }
        self.eligible = eligible.map(Int32.init)
        let weights = eligible.map { targets[$0].weight }
        switch balance {
        case .roundRobin, .leastConnections:
            schedule = WeightedSchedule(weights: weights)
            sampler = WeightedSampler(weights: [])
            maglev = MaglevTable(members: [])
        case .powerOfTwo, .random:
            schedule = WeightedSchedule(weights: [])
            sampler = WeightedSampler(weights: weights)
            maglev = MaglevTable(members: [])
        case .hash:
            schedule = WeightedSchedule(weights: [])
            sampler = WeightedSampler(weights: [])
            maglev = MaglevTable(
                members: eligible.map { index in
                    MaglevTable.Member(
                        name: "\(targets[index].label) \(targets[index].address)", weight: targets[index].weight)
                })
        }
    }
}
