import Bytes
import Config
import Upstream

/// The choice of an endpoint, with the counting of the request that it makes possible.
enum UpstreamBenches {
    private static let policies: [(name: String, balance: UpstreamConfig.Balance)] = [
        ("round-robin", .roundRobin), ("least-connections", .leastConnections), ("power-of-two", .powerOfTwo),
        ("random", .random), ("maglev", .hash(.clientIP)),
    ]

    static var all: [Bench] {
        policies.flatMap { policy in
            [3, 50].map { size in
                Bench(
                    "balance \(policy.name), \(size)", choose(policy.balance, size), baseline: "counter modulo size",
                    modulo(size))
            }
        }
    }

    private static func choose(_ balance: UpstreamConfig.Balance, _ size: Int) -> Bench.Work {
        let targets = (0..<size).map { index in
            ResolvedTarget(
                targetIndex: index, address: .ip(IPAddress(ipv4: 0x0A00_0000 + UInt32(index)), port: 80),
                weight: 1 + index % 3, label: "10.0.0.\(index):80")
        }
        var config = UpstreamConfig(name: "bench")
        config.balance = balance
        let cluster = Cluster(config: config, workerIndex: 0, shared: ClusterShared())
        _ = cluster.replaceEndpoints(BalancePlan(targets, balance: balance))
        return { count in
            var sum = 0
            for turn in 0..<count {
                let hash = UInt64(turn) &* 0x9E37_79B9_7F4A_7C15
                guard let endpoint = cluster.choose(hash: hash) else { preconditionFailure("no endpoint") }
                cluster.begin(endpoint)
                sum &+= endpoint.targetIndex
                cluster.end(endpoint)
            }
            return sum
        }
    }

    private static func modulo(_ size: Int) -> Bench.Work {
        let numbers = Array(0..<size)
        return { count in
            var sum = 0
            for turn in 0..<count { sum &+= numbers[turn % numbers.count] }
            return sum
        }
    }
}
