import Bytes
package import Config
import DataPlane
import EventLoop
import Foundation
import HTTP
import Plugins
import Synchronization
import Telemetry

/// Runs a filter by hand: once, to show what it does, or many times, to measure it.
package struct FilterRehearsal {
    let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    private func bench(_ name: String, _ configuration: String?) throws(ConfigFailure) -> FilterBench {
        var options = FilterBench.Options()
        if let configuration { options.configuration = try YAMLReader.read(configuration, file: "--filter-config") }
        return try FilterBench(name, folder: folder, options: options)
    }

    private static func failure(_ message: String) -> ConfigFailure {
        ConfigFailure([ConfigDiagnostic(.error, code: "filter-run", message, at: .unknown)])
    }

    /// The message in a file, with line ends and a length as HTTP has them.
    private static func message(_ path: String?, orElse text: String) throws(ConfigFailure) -> [UInt8] {
        var text = text
        if let path {
            guard case .text(let read) = ConfigFiles.bounded(path, countMax: 8 << 20) else {
                throw failure("\(path) cannot be read")
            }
            text = read
        }
        let unified = text.replacingOccurrences(of: "\r\n", with: "\n")
        let parts = unified.components(separatedBy: "\n\n")
        var head = parts[0].components(separatedBy: "\n").filter { !$0.isEmpty }
        let body = Array(parts.dropFirst().joined(separator: "\n\n").utf8)
        let names = head.dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }
        if !names.contains("content-length"), !names.contains("transfer-encoding"), !body.isEmpty {
            head.append("content-length: \(body.count)")
        }
        if !(head.first ?? "").hasPrefix("HTTP/") {
            if !names.contains("host") { head.append("host: test.example") }
            if !names.contains("connection") { head.append("connection: close") }
        } else if body.isEmpty, !names.contains("content-length") {
            head.append("content-length: 0")
        }
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    private static func upstream(_ path: String?) throws(ConfigFailure) -> TrialUpstream {
        let response = try message(path, orElse: "HTTP/1.1 200 OK\ncontent-type: text/plain\n\nhello\n")
        return TrialUpstream(response: response, headResponse: response)
    }

    /// - Throws: `ConfigFailure` with what is wrong with the filter or the request.
    package func run(
        _ name: String, request: String?, upstream: String?, configuration: String?, authentication: String?
    ) throws(ConfigFailure) -> String {
        let bench = try bench(name, configuration)
        let sent = try Self.message(request, orElse: "GET / HTTP/1.1\n\n")
        var answering = try Self.upstream(upstream)
        answering.authentication = authentication.map { Array($0.utf8) }
        let outcome: TrialOutcome
        do throws(SystemError) {
            outcome = try bench.run(sent, from: IPAddress("192.0.2.1") ?? .loopback, answering)
        } catch {
            throw Self.failure("\(error)")
        }
        var lines: [String] = []
        lines += ["request:"] + Self.difference(sent, outcome.forwarded)
        lines +=
            ["response:"]
            + Self.difference(
                outcome.forwarded == nil ? [] : answering.response ?? [], outcome.response)
        for line in outcome.logs {
            lines.append(
                "log: \(String(decoding: line.message, as: UTF8.self)) \(String(decoding: line.fields, as: UTF8.self))")
        }
        for (key, json) in outcome.variables {
            lines.append("ctx.vars.\(String(decoding: key, as: UTF8.self)) = \(String(decoding: json, as: UTF8.self))")
        }
        for family in bench.resources.families(now: bench.now) {
            for series in family.series {
                let labels = zip(family.labels, series.labels).map { "\($0)=\"\($1)\"" }.joined(separator: ",")
                let value = family.kind == .histogram ? series.values.dropLast().last : series.values.first
                lines.append("metric: \(family.name){\(labels)} \(value ?? 0)")
            }
        }
        let counts = bench.program.counts
        lines.append(
            "cpu: \(Double(counts.cpuNanoseconds.load(ordering: .relaxed)) / 1000) µs in "
                + "\(counts.calls.load(ordering: .relaxed)) calls"
        )
        return lines.joined(separator: "\n")
    }

    /// Lines of both heads and bodies, with what is gone and what is new marked.
    private static func difference(_ before: [UInt8], _ after: [UInt8]?) -> [String] {
        guard let after else { return ["  (not sent)"] }
        let old = lines(before)
        let new = lines(after)
        let difference = new.difference(from: old)
        var removed = Set<Int>()
        var inserted = Set<Int>()
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var result = old.indices.filter { removed.contains($0) }.map { "- " + old[$0] }
        result += new.indices.map { (inserted.contains($0) ? "+ " : "  ") + new[$0] }
        return result
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
            .components(separatedBy: "\n").filter { !$0.isEmpty }
    }

    /// - Returns: a line with what one request costs.
    /// - Throws: `ConfigFailure`.
    package func measure(
        _ name: String, request: String?, upstream: String?, configuration: String?, count: Int
    ) throws(ConfigFailure) -> String {
        let bench = try bench(name, configuration)
        let sent = try Self.message(request, orElse: "GET / HTTP/1.1\n\n")
        let answering = try Self.upstream(upstream)
        let counts = bench.program.counts
        do throws(SystemError) {
            for _ in 0..<200 { _ = try bench.run(sent, from: .loopback, answering) }
            let before = counts.cpuNanoseconds.load(ordering: .relaxed)
            for _ in 0..<max(count, 1) { _ = try bench.run(sent, from: .loopback, answering) }
            let used = counts.cpuNanoseconds.load(ordering: .relaxed) - before
            let failures = counts.errors.load(ordering: .relaxed) + counts.kills.load(ordering: .relaxed)
            return
                "\(name): \(used / Int64(max(count, 1))) ns of CPU a request, VM \(bench.program.vmByteCount) bytes, "
                + "\(failures) failures in \(count) requests"
        } catch {
            throw Self.failure("\(error)")
        }
    }
}
