import Bytes
import Config
import Telemetry
import Testing

@testable import Plugins

@Suite struct IPFilterTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var allow: [String] = []
        var deny: [String] = []
        var address: String
        var isIn: Bool
        var testDescription: String { "\(address): allow \(allow), deny \(deny)" }
    }

    @Test(arguments: [
        Row(allow: ["10.0.0.0/8"], address: "10.255.255.255", isIn: true),
        Row(allow: ["10.0.0.0/8"], address: "11.0.0.0", isIn: false),
        Row(allow: ["10.0.0.0/8"], address: "9.255.255.255", isIn: false),
        Row(allow: ["10.0.0.0/8"], address: "::ffff:10.1.2.3", isIn: true),
        Row(allow: ["10.0.0.0/8"], deny: ["10.1.0.0/16"], address: "10.1.2.3", isIn: false),
        Row(allow: ["10.0.0.0/8"], deny: ["10.1.0.0/16"], address: "10.2.2.3", isIn: true),
        Row(deny: ["192.0.2.1"], address: "192.0.2.1", isIn: false),
        Row(deny: ["192.0.2.1"], address: "192.0.2.2", isIn: true),
        Row(deny: ["192.0.2.0/25", "192.0.2.128/25"], address: "192.0.2.200", isIn: false),
        Row(allow: ["2001:db8::/32"], address: "2001:db8:ffff::1", isIn: true),
        Row(allow: ["2001:db8::/32"], address: "2001:db9::1", isIn: false),
        Row(allow: ["2001:db8::/64"], address: "2001:db8:0:1::", isIn: false),
        Row(allow: ["::/0"], address: "10.0.0.1", isIn: false),
        Row(allow: ["0.0.0.0/0"], address: "10.0.0.1", isIn: true),
        Row(allow: ["0.0.0.0/0"], address: "::1", isIn: false),
        Row(deny: ["0.0.0.0/0", "::/0"], address: "::1", isIn: false),
    ])
    func decides(_ row: Row) throws {
        let registry = MetricRegistry(workerCount: 1, methodNames: [])
        var config = IPFilterConfig()
        config.allow = row.allow.map { Located($0) }
        config.deny = row.deny.map { Located($0) }
        for isDryRun in [false, true] {
            config.isDryRun = isDryRun
            let filter = IPFilter(
                name: "ip", config,
                series: AuthenticationSeries(
                    shard: registry.makeShard(worker: 0), filter: registry.filters.id(for: "ip")))
            let exchange = FakeFilterExchange()
            exchange.clientAddress = try #require(IPAddress(row.address))
            #expect(filter.onRequest(exchange).isProceed == (row.isIn || isDryRun))
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func setsAgreeWithTheirNetworks(_ seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        var networks: [String] = []
        for _ in 0..<300 {
            let prefix = 8 + next() % 25
            let bits = UInt32(truncatingIfNeeded: next()) & (~0 << UInt32(32 - prefix))
            networks.append("\(IPAddress(ipv4: bits))/\(prefix)")
        }
        let set = NetworkSet(networks)
        let blocks = networks.compactMap { AddressBlock($0) }
        #expect(blocks.count == networks.count)
        for _ in 0..<5000 {
            let address = IPAddress(ipv4: UInt32(truncatingIfNeeded: next()))
            #expect(set.contains(address) == blocks.contains { $0.contains(address) }, "\(address)")
        }
        // The edges of each.
        for block in blocks { #expect(set.contains(block.address)) }
    }
}
