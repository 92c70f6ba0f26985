import Bytes

/// The cells of all workers added up by series, as they stood while this was read.
///
/// Workers go on counting meanwhile: a value may be a moment newer than its neighbour, never torn and never lower than
/// at the last reading. A histogram's count is made from its buckets, so the two always agree.
struct MergedSeries {
    struct Series {
        let key: SeriesKey
        /// One cell, or the sixteen of a histogram.
        var cells: [UInt64]
    }

    /// By raw value of the metric; each in the order of its keys.
    private(set) var families: [[Series]]

    init(_ shards: [AtomicCells]) {
        families = [[Series]](repeating: [], count: GatewayMetric.allCases.count)
        let widths = GatewayMetric.allCases.map {
            $0.declaration.kind == .histogram ? HistogramBuckets.cellCount : 1
        }
        var positions: [SeriesKey: Int] = [:]
        for shard in shards {
            let count = shard.count
            var cell = 0
            while cell < count {
                let key = SeriesKey(bits: shard.key(cell))
                guard let metric = key.metric else { break }
                let family = Int(metric.rawValue)
                let width = widths[family]
                if let position = positions[key] {
                    for offset in 0..<width {
                        families[family][position].cells[offset] &+= shard.load(cell + offset)
                    }
                } else {
                    positions[key] = families[family].count
                    families[family].append(Series(key: key, cells: (0..<width).map { shard.load(cell + $0) }))
                }
                cell += width
            }
        }
        for family in families.indices { families[family].sort { $0.key.bits < $1.key.bits } }
    }
}
