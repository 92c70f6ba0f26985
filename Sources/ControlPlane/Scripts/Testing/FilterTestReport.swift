package import Config
import Foundation

/// What the tests of some filters came to.
package struct FilterTestReport {
    private var suites: [(name: String, results: [FilterTestSuite.Result], failure: ConfigFailure?)] = []

    package init() {}

    package mutating func add(_ suite: FilterTestSuite) { suites.append((suite.name, suite.results, nil)) }

    /// The test file itself did not run.
    package mutating func add(_ failure: ConfigFailure, of suite: FilterTestSuite) {
        suites.append((suite.name, suite.results, failure))
    }

    package var hasFailed: Bool {
        suites.contains { $0.failure != nil || $0.results.contains { $0.failure != nil } }
    }

    package var summary: String {
        let results = suites.flatMap(\.results)
        let failed = results.filter { $0.failure != nil }.count + suites.filter { $0.failure != nil }.count
        return "\(results.count) tests of \(suites.count) filters, \(failed) failed"
    }

    package func line(of suite: FilterTestSuite) -> String {
        let failed = suite.results.filter { $0.failure != nil }.count
        let time = suite.results.reduce(Duration.zero) { $0 + $1.duration }
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        return "\(suite.results.count) tests, \(failed) failed, \(milliseconds) ms"
    }

    package func coverage(of suite: FilterTestSuite) -> String {
        let missed = suite.linesActive.subtracting(suite.linesRun).sorted()
        guard !suite.linesActive.isEmpty else { return "  no line of the script ran" }
        let share = 100 * suite.linesRun.intersection(suite.linesActive).count / suite.linesActive.count
        let lines = missed.isEmpty ? "" : "; not run: " + missed.map(String.init).joined(separator: ", ")
        return "  \(share) % of \(suite.linesActive.count) lines\(lines)"
    }

    /// The format that continuous integration reads.
    package func writeJUnit(to path: String) throws {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for suite in suites {
            let failed = suite.results.filter { $0.failure != nil }.count
            let errors = suite.failure == nil ? 0 : 1
            text += "  <testsuite name=\"\(Self.escaped(suite.name))\" tests=\"\(suite.results.count + errors)\""
            text += " failures=\"\(failed)\" errors=\"\(errors)\">\n"
            for result in suite.results {
                let seconds =
                    Double(result.duration.components.attoseconds) / 1e18
                    + Double(result.duration.components.seconds)
                text += "    <testcase classname=\"\(Self.escaped(suite.name))\" name=\"\(Self.escaped(result.name))\""
                text += " time=\"\(seconds)\""
                if let failure = result.failure {
                    text += ">\n      <failure>\(Self.escaped(failure))</failure>\n    </testcase>\n"
                } else {
                    text += "/>\n"
                }
            }
            if let failure = suite.failure {
                text += "    <testcase classname=\"\(Self.escaped(suite.name))\" name=\"the test file\">\n"
                text += "      <error>\(Self.escaped(failure.description))</error>\n    </testcase>\n"
            }
            text += "  </testsuite>\n"
        }
        text += "</testsuites>\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            case "\0"..<" ": escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
