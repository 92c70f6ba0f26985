import Bytes
import Config
import Synchronization
import Testing

@testable import Upstream

@Suite struct ClusterTests {
    private func target(_ number: Int, port: UInt16 = 80, weight: Int = 1, label: String? = nil) -> ResolvedTarget {
        let address = SocketAddress.ip(IPAddress(ipv4: 0x0A00_0000 + UInt32(number)), port: port)
        return ResolvedTarget(
            targetIndex: number, address: address, weight: weight, label: label ?? "10.0.0.\(number):\(port)")
    }

    private func cluster(_ shared: ClusterShared = ClusterShared(), _ balance: UpstreamConfig.Balance = .roundRobin)
        -> Cluster
    {
        var config = UpstreamConfig(name: "users")
        config.targets = [
            .init(host: "a.internal", port: 80), .init(host: "b.internal", port: 8080),
            .init(host: "fd00::1", port: 80),
            .init(host: "fd00::1", port: 81),
        ]
        config.balance = balance
        return Cluster(config: config, workerIndex: 0, shared: shared)
    }

    @Test func beginsUnresolved() {
        let cluster = cluster()
        #expect(!cluster.isResolved && cluster.choose() == nil)
        #expect(cluster.replaceEndpoints([target(0)]).isEmpty)
        #expect(cluster.isResolved && cluster.choose() === cluster.endpoints[0])
    }

    @Test func keepsWhatIsUnchanged() {
        let cluster = cluster()
        _ = cluster.replaceEndpoints([target(0), target(1), target(2)])
        let old = cluster.endpoints
        _ = old[1].idle.checkIn(SlotKey(slot: 5, generation: 0), now: Instant(nanoseconds: 1), max: 4)
        let removed = cluster.replaceEndpoints([target(1, weight: 9), target(3), target(0, port: 81)])
        #expect(cluster.endpoints.count == 3 && cluster.endpoints[0] === old[1])
        #expect(cluster.endpoints[0].weight == 9 && cluster.endpoints[0].idle.count == 1)
        #expect(Set(removed.map(\.label)) == ["10.0.0.0:80", "10.0.0.2:80"])
        #expect(removed.allSatisfy(\.isRemoved) && !cluster.endpoints.contains(where: \.isRemoved))
    }

    @Test func removedEndpointsAreNotChosen() {
        let cluster = cluster()
        _ = cluster.replaceEndpoints([target(0), target(1)])
        let gone = cluster.endpoints[0]
        cluster.begin(gone)
        _ = cluster.replaceEndpoints([target(1)])
        for _ in 0..<10 { #expect(cluster.choose() !== gone) }
        cluster.end(gone)
        #expect(gone.inFlight == 0)
        #expect(cluster.replaceEndpoints([]).count == 1)
        #expect(!cluster.isResolved && cluster.choose() == nil)
    }

    @Test func dropsDoubles() {
        let cluster = cluster()
        _ = cluster.replaceEndpoints([target(0), target(0), target(1)])
        #expect(cluster.endpoints.count == 2)
        #expect(cluster.replaceEndpoints([]).count == 2)
    }

    @Test func sharedStateOutlivesClusters() {
        let shared = ClusterShared()
        let (first, second) = (cluster(shared, .leastConnections), cluster(shared, .leastConnections))
        _ = first.replaceEndpoints([target(0)])
        _ = second.replaceEndpoints([target(0, label: "renamed")])
        let endpoint = first.endpoints[0]
        #expect(endpoint.shared === second.endpoints[0].shared)
        first.begin(endpoint)
        second.begin(second.endpoints[0])
        #expect(endpoint.shared.inFlight.load(ordering: .relaxed) == 2 && endpoint.inFlight == 1)
        first.end(endpoint)
        second.end(second.endpoints[0])
        #expect(endpoint.shared.inFlight.load(ordering: .relaxed) == 0)
        #expect(shared.addresses.count == 1)
    }

    @Test func sharedStateGoesWithItsLastHolder() {
        let shared = ClusterShared()
        do {
            let cluster = cluster(shared)
            _ = cluster.replaceEndpoints([target(0), target(1)])
            #expect(shared.addresses.count == 2)
        }
        #expect(shared.addresses.isEmpty)
        let directory = ClusterDirectory()
        #expect(directory.shared(for: "a") === directory.shared(for: "a"))
        #expect(directory.shared(for: "a") !== directory.shared(for: "b"))
    }

    @Test func doesNotTouchSharedCountsWithoutNeed() {
        let cluster = cluster()
        _ = cluster.replaceEndpoints([target(0)])
        cluster.begin(cluster.endpoints[0])
        #expect(cluster.endpoints[0].shared.inFlight.load(ordering: .relaxed) == 0)
        #expect(cluster.endpoints[0].inFlight == 1)
    }

    @Test func hostHeaderIsTheTargetsAuthority() {
        let cluster = cluster()
        _ = cluster.replaceEndpoints([target(0), target(1, port: 8080), target(2), target(3), target(9)])
        let hosts = cluster.endpoints.map { String(decoding: $0.hostHeader, as: UTF8.self) }
        #expect(hosts == ["a.internal", "b.internal:8080", "[fd00::1]", "[fd00::1]:81", "10.0.0.9:80"])
    }

    @Test func trapsAnEndTooMany() async {
        await #expect(processExitsWith: .failure) {
            let cluster = Cluster(config: UpstreamConfig(name: "x"), workerIndex: 0, shared: ClusterShared())
            let address = SocketAddress.ip(.loopback, port: 1)
            _ = cluster.replaceEndpoints([ResolvedTarget(targetIndex: 0, address: address, weight: 1, label: "x")])
            cluster.end(cluster.endpoints[0])
        }
    }
}
