import Glibc

/// Micro-benches of the path of a request: `MicroBench [part of a name]`. Exits 1 when one allocates that must not.
@main enum Main {
    static func main() {
        let filter = CommandLine.arguments.dropFirst().first ?? ""
        var allocating: [String] = []
        print(row("bench", "ns/op", "alloc/op", "baseline", "ns/op", "ratio"))
        for bench in HTTPBenches.all + RoutingBenches.all + UpstreamBenches.all + TelemetryBenches.all
        where filter.isEmpty || bench.name.contains(filter) {
            let figures = Measurement(bench)
            print(
                row(
                    bench.name, decimal(figures.nanoseconds), decimal(figures.allocations), bench.baselineName,
                    decimal(figures.baselineNanoseconds), decimal(figures.nanoseconds / figures.baselineNanoseconds)))
            if figures.allocations >= 0.01 { allocating.append(bench.name) }
        }
        guard allocating.isEmpty else {
            print("error: these allocate in the steady state:", allocating.joined(separator: ", "))
            exit(1)
        }
    }

    private static func row(
        _ name: String, _ time: String, _ allocations: String, _ baseline: String, _ baselineTime: String,
        _ ratio: String
    ) -> String {
        right(name, -34) + right(time, 10) + right(allocations, 10) + "  " + right(baseline, -30)
            + right(baselineTime, 10) + right(ratio, 8)
    }

    /// Padded to `width` on the left; on the right when negative.
    private static func right(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + padding : padding + text
    }

    private static func decimal(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
