/// One scrape of `/metrics`, parsed from the Prometheus text format.
package struct MetricsSnapshot: Sendable {
    private struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    package let text: String
    /// Sample lines, not yet parsed: a page of a hundred routes is long, and a test asks for two or three of them.
    private let lines: [Substring.UTF8View]

    package init(parsing text: String) throws {
        self.text = text
        lines = text.utf8.split(separator: UInt8(ascii: "\n")).filter { $0.first != UInt8(ascii: "#") }
        guard !lines.isEmpty else { throw TestingFailure("no sample in: \(text.prefix(200))") }
    }

    /// The sum over every series of `name` that bears all of `labels`; nil when there is none.
    package func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        var sum: Double?
        for line in lines where line.starts(with: name.utf8) {
            guard let sample = Self.sample(Substring(line)) else { continue }
            let isMatch = sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
            if isMatch { sum = (sum ?? 0) + sample.value }
        }
        return sum
    }

    package func count(_ name: String, _ labels: [String: String] = [:]) -> Int {
        Int(value(name, labels) ?? 0)
    }

    /// The samples that hold `part`, as they stand on the page, for messages of failing tests.
    package func excerpt(_ part: String) -> String {
        text.split(separator: "\n").filter { $0.contains(part) }.joined(separator: "\n")
    }

    private static func sample(_ line: Substring) -> Sample? {
        var rest = line
        let name = rest.prefix { $0 != "{" && $0 != " " }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while let first = rest.first, first != "}" {
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count + 2)
                labels[String(label)] = quoted(&rest)
                if rest.first == "," { rest.removeFirst() }
            }
            rest = rest.dropFirst()
        }
        let text = rest.drop { $0 == " " }.prefix { $0 != " " }
        let special = ["+Inf": Double.infinity, "-Inf": -Double.infinity, "NaN": Double.nan]
        guard let value = special[String(text)] ?? Double(text) else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// The text up to the closing quote, unescaped; `rest` then begins behind the quote.
    private static func quoted(_ rest: inout Substring) -> String {
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\", let escaped = rest.popFirst() else {
                value.append(character)
                continue
            }
            value.append(escaped == "n" ? "\n" : escaped)
        }
        return value
    }
}
