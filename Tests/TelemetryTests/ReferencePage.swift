import Foundation
import Telemetry
import Testing

/// The pages under `docs` that are generated from the declarations.
enum ReferencePage {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs").standardizedFileURL

    /// Compares a page with the file; `GOLDEN_UPDATE=1` writes the file instead.
    static func expect(_ file: String, _ page: String) throws {
        let url = folder.appending(path: file)
        if ProcessInfo.processInfo.environment["GOLDEN_UPDATE"] == "1" {
            try Data(page.utf8).write(to: url)
        }
        let written = try String(contentsOf: url, encoding: .utf8)
        #expect(written == page, "docs/\(file) is out of date: run the tests with GOLDEN_UPDATE=1 and review the diff")
    }

    static var errors: String {
        var text = """
            # Errors

            <!-- Generated from EndReason; GOLDEN_UPDATE=1 in the environment of `swift test` rewrites it. -->

            Every exchange ends with exactly one code. The access log has it as `end_reason`, the metric
            `gateway_requests_ended_total` as its label `reason`, and an answer that the gateway makes itself in the
            `type` of its `application/problem+json` body (RFC 9457), `urn:gateway:error:` and the code. `gateway help
            CODE` prints what stands here. Codes are stable: they may be added, and never change their meaning.

            A dash for the status means that the gateway answers nothing of its own: the response came from elsewhere,
            or the connection was cut.

            | code | status | title | who has to act |
            |---|---|---|---|

            """
        for reason in EndReason.allCases {
            text += "| [`\(reason.code)`](#\(reason.code)) | \(status(reason)) | \(reason.title) "
            text += "| \(reason.blame.rawValue) |\n"
        }
        for reason in EndReason.allCases {
            text += "\n## \(reason.code)\n\n\(wrapped(reason.explanation))\n"
        }
        return text
    }

    private static func status(_ reason: EndReason) -> String {
        reason.status == 0 ? "-" : "\(reason.status)"
    }

    static var metrics: String {
        var text = """
            # Metrics

            <!-- Generated from GatewayMetric; GOLDEN_UPDATE=1 in the environment of `swift test` rewrites it. -->

            `GET /metrics` of the admin API answers in the Prometheus text format, or in OpenMetrics 1.0 when the
            scraper asks for it. Each worker counts on its own, without locks; the scrape adds the workers up. Counters
            and histograms go on over a reload. What is worth an alert is in [operations.md](operations.md#watch).

            A family holds at most the stated number of series. What comes after that is counted together, under
            `_overflow` in every label, and `gateway_metric_overflow_total` says so. Requests that match no route have
            `route="none"`, methods that HTTP does not define count as `other`, and `reason` is one of the codes in
            [errors.md](errors.md). `status="0"` means that no response head was sent, or that none came. Requests are
            counted whether or not the [access log](access-log.md) has a line of them.

            | name | kind | labels | series at most | meaning |
            |---|---|---|---|---|

            """
        for declaration in GatewayMetric.allCases.map(\.declaration).sorted(by: { $0.name < $1.name }) {
            let labels = declaration.labels.map { "`\($0.name)`" }.joined(separator: ", ")
            text += "| `\(declaration.name)` | \(declaration.kind.rawValue) | \(labels.isEmpty ? "-" : labels) "
            text += "| \(declaration.seriesMax) | \(declaration.help) |\n"
        }
        let states = ConnectionState.allCases.map { "`\($0.label)`" }.joined(separator: ", ")
        let outcomes = ConnectionOutcome.allCases.map { "`\($0.label)`" }.joined(separator: ", ")
        let retries = RetryReason.allCases.map { "`\($0.label)`" }.joined(separator: ", ")
        let notes = """
            Label values: `state` is \(states) (`idle` is kept alive between two requests); \
            `outcome` is \(outcomes) (`shed`: \
            closed at once because of the connection limit; `failed`: out of file descriptors or memory); `reason` of \
            retries is \(retries) (`stale`: a pooled connection turned out to be closed); `result` of reloads is \
            `success`, `failure` (files that mean what is served already are neither).
            """
        text += "\n\(wrapped(notes))\n"
        text += "\nHistogram buckets, in seconds: \(HistogramBuckets.bounds.joined(separator: ", ")).\n"
        return text
    }

    private static func wrapped(_ text: String) -> String {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= 118 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
