/// One exposition: every family that has a value, in the order of their names.
struct MetricExposition {
    enum Format { case text, openMetrics }

    private let format: Format
    private let merged: MergedSeries
    private let samples: [MetricRegistry.Sample]
    private let names: LabelNames
    private let declared: [DeclaredFamily]
    var writer = ExpositionWriter()

    init(registry: MetricRegistry, format: Format) {
        self.format = format
        merged = MergedSeries(registry.shards)
        declared = registry.declaredFamilies()
        samples =
            registry.collectedSamples()
            + declared.filter { $0.overflowCount > 0 }.map {
                MetricRegistry.Sample(.metricOverflow, labels: [$0.name], value: Double($0.overflowCount))
            }
        names = LabelNames(registry)
    }

    mutating func render() -> [UInt8] {
        let metrics = GatewayMetric.allCases.sorted { $0.declaration.name < $1.declaration.name }
        for metric in metrics { writeFamily(metric) }
        for family in declared { write(family, isOpenMetrics: format == .openMetrics) }
        if format == .openMetrics { writer.append("# EOF\n") }
        return writer.bytes
    }

    private mutating func writeFamily(_ metric: GatewayMetric) {
        let series = merged.families[Int(metric.rawValue)]
        let provided = samples.filter { $0.metric == metric }
        guard !series.isEmpty || !provided.isEmpty else { return }
        let declaration = metric.declaration
        // OpenMetrics names a counter's family without the suffix of its samples.
        let isBare = format == .openMetrics && declaration.kind == .counter && declaration.name.hasSuffix("_total")
        let family = isBare ? String(declaration.name.dropLast(6)) : declaration.name
        writer.append("# HELP \(family) \(declaration.help)\n")
        writer.append("# TYPE \(family) \(declaration.kind.rawValue)\n")
        for one in series { writeSeries(one, declaration) }
        for one in provided {
            writer.beginSample(declaration.name)
            for (label, value) in zip(declaration.labels, one.labels) { writer.label(label.name, value) }
            writer.endSample(ExpositionWriter.text(of: one.value))
        }
    }

    private mutating func writeSeries(_ series: MergedSeries.Series, _ declaration: MetricDeclaration) {
        if declaration.kind == .histogram {
            writeHistogram(series, declaration)
            return
        }
        writer.beginSample(declaration.name)
        writeLabels(series.key, declaration)
        let isGauge = declaration.kind == .gauge
        writer.endSample(ExpositionWriter.text(of: series.cells[0], isSigned: isGauge, scale: declaration.scale))
    }

    private mutating func writeHistogram(_ series: MergedSeries.Series, _ declaration: MetricDeclaration) {
        var total: UInt64 = 0
        for bucket in 0..<HistogramBuckets.sumOffset {
            total &+= series.cells[bucket]
            writer.beginSample(declaration.name + "_bucket")
            writeLabels(series.key, declaration)
            writer.label("le", bucket < HistogramBuckets.bounds.count ? bound(bucket) : "+Inf")
            writer.endSample("\(total)")
        }
        writer.beginSample(declaration.name + "_sum")
        writeLabels(series.key, declaration)
        let sum = series.cells[HistogramBuckets.sumOffset]
        writer.endSample(ExpositionWriter.text(of: sum, isSigned: false, scale: declaration.scale))
        writer.beginSample(declaration.name + "_count")
        writeLabels(series.key, declaration)
        writer.endSample("\(total)")
    }

    /// OpenMetrics wants `1.0` where the older format is used to `1`.
    private func bound(_ bucket: Int) -> String {
        let canonical = HistogramBuckets.bounds[bucket]
        return format == .text && canonical.hasSuffix(".0") ? String(canonical.dropLast(2)) : canonical
    }

    private mutating func writeLabels(_ key: SeriesKey, _ declaration: MetricDeclaration) {
        for label in declaration.labels { writer.label(label.name, names.value(of: label, in: key)) }
    }
}
