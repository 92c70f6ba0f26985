package import Bytes
package import Config
package import Telemetry

/// `ip-filter`: lets addresses in or not, as `trusted_proxies` let them be known.
package final class IPFilter: Filter {
    package let name: String
    package var phases: FilterPhases { [] }
    private let allowed: NetworkSet?
    private let denied: NetworkSet
    private let isDryRun: Bool
    private let series: AuthenticationSeries

    package init(name: String, _ config: IPFilterConfig, series: AuthenticationSeries) {
        self.name = name
        self.series = series
        allowed = config.allow.isEmpty ? nil : NetworkSet(config.allow.map(\.value))
        denied = NetworkSet(config.deny.map(\.value) + config.denyFileNetworks)
        isDryRun = config.isDryRun
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        let address = exchange.clientAddress
        let isIn = !denied.contains(address) && allowed?.contains(address) ?? true
        series.count(isIn ? .granted : .forbidden)
        if isIn || isDryRun { return .proceed }
        exchange.authenticated(.forbidden, as: nil)
        return .respond(LocalResponse(status: 403, reason: .forbidden))
    }
}

/// Addresses in networks, as sorted ranges that do not touch: a look-up is a binary search, whatever their number.
///
/// As with a single network, those of IPv6 hold no IPv4 address; IPv4-mapped addresses are IPv4 ones.
package struct NetworkSet: Sendable {
    private struct Point: Comparable, Sendable {
        var high: UInt64
        var low: UInt64

        static func < (left: Point, right: Point) -> Bool {
            left.high != right.high ? left.high < right.high : left.low < right.low
        }

        var next: Point? {
            if low < .max { return Point(high: high, low: low + 1) }
            return high < .max ? Point(high: high + 1, low: 0) : nil
        }
    }

    private struct Ranges: Sendable {
        var starts: [Point] = []
        var ends: [Point] = []

        init(_ blocks: [AddressBlock]) {
            for (start, end) in blocks.map(Self.range).sorted(by: { $0.0 < $1.0 }) {
                if let last = ends.last, start <= last || last.next == start {
                    if end > last { ends[ends.count - 1] = end }
                } else {
                    starts.append(start)
                    ends.append(end)
                }
            }
        }

        private static func range(_ block: AddressBlock) -> (Point, Point) {
            let start = Point(high: block.address.high, low: block.address.low)
            let free = block.hostBitCount
            let highMask: UInt64 = free >= 128 ? .max : free > 64 ? (1 << UInt64(free - 64)) - 1 : 0
            let lowMask: UInt64 = free >= 64 ? .max : (1 << UInt64(free)) - 1
            return (start, Point(high: start.high | highMask, low: start.low | lowMask))
        }

        func contains(_ wanted: Point) -> Bool {
            var (low, high) = (0, starts.count)
            while low < high {
                let middle = (low + high) / 2
                if starts[middle] <= wanted { low = middle + 1 } else { high = middle }
            }
            return low > 0 && wanted <= ends[low - 1]
        }
    }

    private let four: Ranges
    private let six: Ranges

    /// Texts that are no network are left out; loading the configuration has reported them.
    package init(_ networks: [String]) {
        let blocks = networks.compactMap { AddressBlock($0) }
        four = Ranges(blocks.filter(\.address.isIPv4))
        six = Ranges(blocks.filter { !$0.address.isIPv4 })
    }

    /// Ranges, after those that touch were joined.
    package var count: Int { four.starts.count + six.starts.count }

    package func contains(_ address: IPAddress) -> Bool {
        (address.isIPv4 ? four : six).contains(Point(high: address.high, low: address.low))
    }
}
