import Config
import Synchronization

/// The choice of an endpoint, by the policy of its upstream.
///
/// | policy | cost per choice | agreement between workers |
/// |---|---|---|
/// | round-robin | one load | none needed: each worker spreads its own requests, from its own place in the cycle |
/// | least-connections | one pass over the endpoints | in-flight counts of all workers |
/// | power-of-two | two draws, two loads | in-flight counts of all workers |
/// | random | one draw | none needed |
/// | hash | one load | the same table everywhere |
///
/// - Threads: one worker's own.
final class Balancer {
    private let policy: UpstreamConfig.Balance
    private let workerIndex: Int
    private var random: SplitMix
    private var plan: BalancePlan
    /// The endpoints with a weight, numbered as the plan's tables number them.
    private var candidates: [Endpoint] = []
    private var cursor = 0

    init(_ policy: UpstreamConfig.Balance, workerIndex: Int) {
        self.policy = policy
        self.workerIndex = workerIndex
        random = SplitMix(seed: hashMixed(UInt64(truncatingIfNeeded: workerIndex) &+ 1))
        plan = BalancePlan([], balance: policy)
    }

    /// Whether choices depend on `EndpointShared.inFlight`.
    var comparesLoad: Bool {
        switch policy {
        case .leastConnections, .powerOfTwo: true
        case .roundRobin, .random, .hash: false
        }
    }

    /// - Parameter endpoints: one per target of the plan, in its order.
    func adopt(_ plan: BalancePlan, endpoints: [Endpoint]) {
        self.plan = plan
        candidates = plan.eligible.map { endpoints[Int($0)] }
        // Workers start at different turns, or the first endpoint would get the first request of each of them.
        cursor = plan.schedule.slots.isEmpty ? 0 : workerIndex % plan.schedule.slots.count
    }

    func choose(hash: UInt64, excluding excluded: Endpoint?) -> Endpoint? {
        guard !candidates.isEmpty else { return nil }
        if candidates.count == 1 { return candidates[0] === excluded ? nil : candidates[0] }
        switch policy {
        case .roundRobin: return candidates[nextTurn(excluding: excluded)]
        case .leastConnections: return leastLoaded(excluding: excluded)
        case .powerOfTwo: return candidates[lessLoadedOfTwo(excluding: excluded)]
        case .random: return candidates[draw(excluding: excluded)]
        case .hash: return responsible(for: hash, excluding: excluded)
        }
    }

    private func nextTurn(excluding excluded: Endpoint?) -> Int {
        while true {
            let member = Int(plan.schedule.slots[cursor])
            cursor += 1
            if cursor == plan.schedule.slots.count { cursor = 0 }
            if candidates[member] !== excluded { return member }
        }
    }

    /// Requests under way per weight, compared without a division.
    private func isLessLoaded(_ left: Endpoint, _ leftLoad: Int, than right: Endpoint, _ rightLoad: Int) -> Bool {
        leftLoad &* right.currentWeight < rightLoad &* left.currentWeight
    }

    /// The least loaded; among equals the one whose turn it is, so that an idle upstream is used by weight too.
    private func leastLoaded(excluding excluded: Endpoint?) -> Endpoint {
        let turn = nextTurn(excluding: excluded)
        var best = turn
        var bestLoad = candidates[turn].shared.inFlight.load(ordering: .relaxed)
        var index = turn
        for _ in 1..<candidates.count {
            index += 1
            if index == candidates.count { index = 0 }
            let load = candidates[index].shared.inFlight.load(ordering: .relaxed)
            guard isLessLoaded(candidates[index], load, than: candidates[best], bestLoad) else { continue }
            guard candidates[index] !== excluded else { continue }
            best = index
            bestLoad = load
        }
        return candidates[best]
    }

    private func draw(excluding excluded: Endpoint?) -> Int {
        // One member may hold nearly all the weight; then rejection would take long, and the next one is as good.
        for _ in 0..<8 {
            let member = plan.sampler.draw(&random)
            if candidates[member] !== excluded { return member }
        }
        let member = Int(random.next(below: UInt32(candidates.count)))
        return candidates[member] !== excluded ? member : (member + 1) % candidates.count
    }

    private func lessLoadedOfTwo(excluding excluded: Endpoint?) -> Int {
        let first = draw(excluding: excluded)
        var second = first
        var tries = 0
        while second == first && tries < 8 {
            second = draw(excluding: excluded)
            tries += 1
        }
        let firstLoad = candidates[first].shared.inFlight.load(ordering: .relaxed)
        let secondLoad = candidates[second].shared.inFlight.load(ordering: .relaxed)
        return isLessLoaded(candidates[second], secondLoad, than: candidates[first], firstLoad) ? second : first
    }

    private func responsible(for hash: UInt64, excluding excluded: Endpoint?) -> Endpoint {
        var member = plan.maglev.lookUp(hash)
        guard candidates[member] === excluded else { return candidates[member] }
        // The same detour for the same key, so that retries of a key meet the same second endpoint.
        var detour = hash
        for _ in 0..<8 {
            detour = hashMixed(detour)
            member = plan.maglev.lookUp(detour)
            if candidates[member] !== excluded { return candidates[member] }
        }
        return candidates[(member + 1) % candidates.count]
    }
}
