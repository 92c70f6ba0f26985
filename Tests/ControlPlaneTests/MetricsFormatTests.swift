import ControlPlane
import Testing

@Suite("which exposition format a scraper gets") struct MetricsFormatTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var accept: String?
        var expected: MetricsFormat
        var testDescription: String { accept ?? "none" }
    }

    static let rows: [Row] = [
        Row(accept: nil, expected: .text),
        Row(accept: "", expected: .text),
        Row(accept: "*/*", expected: .text),
        Row(accept: "text/plain", expected: .text),
        Row(accept: "text/html,application/xhtml+xml,*/*;q=0.8", expected: .text),
        Row(accept: "application/openmetrics-text", expected: .openMetrics),
        Row(accept: "APPLICATION/OpenMetrics-Text ; version=1.0.0", expected: .openMetrics),
        Row(accept: "application/openmetrics-text;version=0.0.1", expected: .text),
        Row(accept: "application/openmetrics-text;q=0", expected: .text),
        Row(accept: "application/openmetrics-text;q=0.3,text/plain;q=0.5", expected: .text),
        Row(accept: "text/plain;q=0.5,application/openmetrics-text;q=0.5", expected: .openMetrics),
        // What Prometheus 2.42 sends, and what it sends with native histograms on.
        Row(
            accept: "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", expected: .openMetrics),
        Row(
            accept: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                + "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5",
            expected: .openMetrics),
        Row(accept: ",;,=;q", expected: .text),
    ]

    @Test(arguments: rows) func prefers(_ row: Row) {
        #expect(MetricsFormat.preferred(accept: row.accept) == row.expected)
    }
}
