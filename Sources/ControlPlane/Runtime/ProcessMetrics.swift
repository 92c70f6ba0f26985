import Foundation
package import Telemetry

/// The `process_*` metrics, read from `/proc` when they are asked for.
///
/// What cannot be read is left out: a missing metric is better than a wrong one.
package struct ProcessMetrics: Sendable {
    private let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))

    package init() {}

    package func samples() -> [MetricRegistry.Sample] {
        var samples: [MetricRegistry.Sample] = []
        func add(_ metric: GatewayMetric, _ value: Double?) {
            if let value { samples.append(MetricRegistry.Sample(metric, value: value)) }
        }
        let stat = statFields()
        if stat.count > 19, let user = Double(stat[11]), let system = Double(stat[12]), let start = Double(stat[19]) {
            add(.processCPU, (user + system) / ticksPerSecond)
            add(.processStartTime, bootTime().map { $0 + start / ticksPerSecond })
        }
        let pages = text(of: "/proc/self/statm").split(separator: " ")
        add(.processResidentMemory, pages.count > 1 ? Double(pages[1]).map { $0 * pageBytes } : nil)
        let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        // Less the one that reads the directory.
        add(.processOpenFDs, descriptors.map { Double($0.count - 1) })
        add(.processMaxFDs, descriptorLimit())
        return samples
    }

    /// The fields of `/proc/self/stat` behind the command, which may itself hold spaces and parentheses; so the first
    /// one here is the third of proc(5).
    private func statFields() -> [Substring] {
        let stat = text(of: "/proc/self/stat")
        guard let end = stat.lastIndex(of: ")") else { return [] }
        return stat[stat.index(after: end)...].split(separator: " ")
    }

    private func bootTime() -> Double? {
        let line = text(of: "/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) }
    }

    private func descriptorLimit() -> Double? {
        let line = text(of: "/proc/self/limits").split(separator: "\n").first { $0.hasPrefix("Max open files") }
        guard let soft = line?.dropFirst(14).split(separator: " ").first else { return nil }
        return soft == "unlimited" ? .infinity : Double(soft)
    }

    private func text(of path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
