/// A metric that somebody outside of the gateway's own table declares: scripts.
package struct DeclaredFamily: Sendable {
    package struct Series: Sendable {
        /// In the order of the family's labels.
        package var labels: [String]
        /// One number; for a histogram the cumulative buckets with the infinite one, and the sum.
        package var values: [Double]

        package init(labels: [String], values: [Double]) {
            self.labels = labels
            self.values = values
        }
    }

    package var name: String
    package var help: String
    package var kind: MetricDeclaration.Kind
    package var labels: [String]
    /// Upper bounds, without the infinite one.
    package var buckets: [Double]
    package var series: [Series]
    /// Observations that went to the `_overflow` series.
    package var overflowCount: UInt64

    package init(
        name: String, help: String, kind: MetricDeclaration.Kind, labels: [String], buckets: [Double],
        series: [Series], overflowCount: UInt64
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.buckets = buckets
        self.series = series
        self.overflowCount = overflowCount
    }
}

extension MetricExposition {
    mutating func write(_ family: DeclaredFamily, isOpenMetrics: Bool) {
        let isCounter = family.kind == .counter
        // OpenMetrics names a counter's family without the suffix that its samples must have.
        let isBare = isOpenMetrics && isCounter && family.name.hasSuffix("_total")
        let title = isBare ? String(family.name.dropLast(6)) : family.name
        let sample = isOpenMetrics && isCounter && !isBare ? family.name + "_total" : family.name
        writer.append("# HELP \(title) \(Self.escaped(family.help))\n")
        writer.append("# TYPE \(title) \(family.kind.rawValue)\n")
        for series in family.series {
            if family.kind == .histogram {
                writeHistogram(series, of: family, isOpenMetrics: isOpenMetrics)
                continue
            }
            begin(sample, series, family)
            writer.endSample(ExpositionWriter.text(of: series.values.first ?? 0))
        }
    }

    private mutating func begin(_ name: String, _ series: DeclaredFamily.Series, _ family: DeclaredFamily) {
        writer.beginSample(name)
        for (label, value) in zip(family.labels, series.labels) { writer.label(label, value) }
    }

    private mutating func writeHistogram(
        _ series: DeclaredFamily.Series, of family: DeclaredFamily, isOpenMetrics: Bool
    ) {
        for (index, count) in series.values.dropLast().enumerated() {
            begin(family.name + "_bucket", series, family)
            writer.label("le", index < family.buckets.count ? Self.bound(family.buckets[index], isOpenMetrics) : "+Inf")
            writer.endSample(ExpositionWriter.text(of: count))
        }
        begin(family.name + "_sum", series, family)
        writer.endSample(ExpositionWriter.text(of: series.values.last ?? 0))
        begin(family.name + "_count", series, family)
        writer.endSample(ExpositionWriter.text(of: series.values.dropLast().last ?? 0))
    }

    private static func bound(_ value: Double, _ isOpenMetrics: Bool) -> String {
        let text = ExpositionWriter.text(of: value)
        return isOpenMetrics && !text.contains(".") && !text.contains("e") ? text + ".0" : text
    }

    /// Backslashes and line feeds (Prometheus exposition formats, "Comments, help text, and type information").
    private static func escaped(_ help: String) -> String {
        var text = ""
        for character in help.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += " "
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
