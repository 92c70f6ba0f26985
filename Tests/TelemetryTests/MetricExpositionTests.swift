import Foundation
import Telemetry
import Testing

@Suite struct MetricExpositionTests {
    /// A registry in which every family has a value, and labels need escaping.
    private func full() -> MetricRegistry {
        let registry = MetricRegistry(workerCount: 2, methodNames: ["GET"])
        let shard = registry.makeShard(worker: 1)
        let name = registry.routes.id(for: "a\"b\\c\nd é")
        for metric in GatewayMetric.allCases {
            let key = SeriesKey(metric, a: name)
            if metric.declaration.kind == .histogram {
                shard.observe(shard.histogram(key), nanoseconds: 1_234_567_890)
            } else if metric != .buildInfo && !metric.declaration.name.hasPrefix("process_") {
                shard.add(shard.cell(key), 7)
            }
        }
        registry.collect {
            [
                .init(.buildInfo, labels: ["0.1", "6.3", "5.4"], value: 1),
                .init(.processCPU, value: 1.25), .init(.processResidentMemory, value: 40_000_000),
                .init(.processOpenFDs, value: 12), .init(.processMaxFDs, value: .infinity),
                .init(.processStartTime, value: 1_700_000_000.5),
            ]
        }
        return registry
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func declaresEveryFamilyOnceInOrder() {
        let lines = text(full().renderText()).split(separator: "\n")
        let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(types.map(String.init) == GatewayMetric.allCases.map(\.declaration.name).sorted())
        #expect(lines.count { $0.hasPrefix("# HELP ") } == types.count)
    }

    @Test func escapesLabels() {
        #expect(text(full().renderText()).contains("gateway_http_request_bytes_total{route=\"a\\\"b\\\\c\\nd é\"} 7\n"))
    }

    @Test func writesNumbersExactly() {
        let text = text(full().renderText())
        #expect(text.contains("_sum{route=\"a\\\"b\\\\c\\nd é\"} 1.23456789\n"))
        #expect(text.contains("process_cpu_seconds_total 1.25\n"))
        #expect(text.contains("process_resident_memory_bytes 40000000\n"))
        #expect(text.contains("process_max_fds +Inf\n"))
        #expect(text.contains("process_start_time_seconds 1700000000.5\n"))
        #expect(text.contains("gateway_build_info{version=\"0.1\",swift=\"6.3\",lua=\"5.4\"} 1\n"))
    }

    @Test func isEmptyWithoutValues() {
        let registry = MetricRegistry(workerCount: 1, methodNames: [])
        #expect(registry.renderText().isEmpty)
        #expect(text(registry.renderOpenMetrics()) == "# EOF\n")
    }

    @Test func openMetricsNamesCountersByFamily() {
        let text = text(full().renderOpenMetrics())
        #expect(text.contains("# TYPE gateway_http_requests counter\n"))
        #expect(text.contains("\ngateway_http_requests_total{"))
        #expect(text.contains("le=\"1.0\"") && text.hasSuffix("\n# EOF\n"))
        #expect(!text.contains("# TYPE gateway_http_requests_total"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
    func satisfiesPromtool() throws {
        let promtool = Process()
        promtool.executableURL = URL(filePath: "/usr/bin/promtool")
        promtool.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        promtool.standardInput = input
        promtool.standardOutput = output
        promtool.standardError = output
        try promtool.run()
        try input.fileHandleForWriting.write(contentsOf: Data(full().renderText()))
        try input.fileHandleForWriting.close()
        let complaints = try output.fileHandleForReading.readToEnd() ?? Data()
        promtool.waitUntilExit()
        #expect(promtool.terminationStatus == 0 && complaints.isEmpty, "\(String(decoding: complaints, as: UTF8.self))")
    }
}
