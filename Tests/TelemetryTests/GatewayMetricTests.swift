import Telemetry
import Testing

@Suite struct GatewayMetricTests {
    @Test func namesAreUnique() {
        let names = GatewayMetric.allCases.map(\.declaration.name)
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: GatewayMetric.allCases) func followsTheConventions(_ metric: GatewayMetric) {
        let declaration = metric.declaration
        #expect(declaration.name.hasPrefix("gateway_") || declaration.name.hasPrefix("process_"))
        #expect(declaration.name.allSatisfy { $0.isLowercase && $0.isASCII || $0 == "_" })
        #expect((declaration.kind == .counter) == declaration.name.hasSuffix("_total"))
        #expect(declaration.kind != .histogram || declaration.name.hasSuffix("_seconds"))
        #expect(declaration.help.hasSuffix(".") && !declaration.help.contains { $0 == "\n" || $0 == "\\" })
        #expect(declaration.labels.isEmpty == (declaration.seriesMax == 1) || metric == .buildInfo)
        #expect(Set(declaration.labels.map(\.name)).count == declaration.labels.count)
    }

    @Test func budgetsFitAShard() {
        let cells = GatewayMetric.allCases.reduce(0) { sum, metric in
            let declaration = metric.declaration
            let width = declaration.kind == .histogram ? HistogramBuckets.cellCount : 1
            return sum + (declaration.seriesMax + 1) * width
        }
        #expect(cells < 4096 << 10)
    }

    @Test func pageIsUpToDate() throws {
        try ReferencePage.expect("metrics.md", ReferencePage.metrics)
    }
}
