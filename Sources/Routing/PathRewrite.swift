import Bytes
package import Config
import HTTP

/// Why a request's rewritten path cannot be sent; a mistake of the configuration that only some requests bring out.
package enum RewriteError: Error, Equatable, Sendable {
    /// Not absolute, with dot segments, or with bytes or escapes that no request path can hold.
    case invalidPath
    /// A `{var:name}` that no filter has set. Leaving it out could lead to somebody else's path.
    case variableNotSet
}

/// One route's rewrite: `strip_prefix`, then the template `path`, then `regex`, each on what the one before made.
///
/// The template is built from the captures of the path as it came, so beside it `strip_prefix` has no effect. What
/// comes out is checked again: a rewrite can neither climb out by `..` nor add a query, a header or a request.
/// Threads: owned by one worker; reuses its memory, so nothing is allocated in the steady state.
package final class PathRewrite {
    private enum ReplacementPart { case literal([UInt8]), group(Int) }

    /// The authority that replaces the request's, or nil.
    package let host: [UInt8]?
    /// Without the slash at its end; empty when there is nothing to strip.
    private let prefix: [UInt8]
    private let template: PathTemplate?
    private let regex: PatternRegex?
    private let replacement: [ReplacementPart]
    private var scratch: [UInt8] = []

    /// Its path holds what filters set, so that it is due behind them.
    package var readsVariables: Bool {
        template?.parts.contains { if case .variable = $0 { true } else { false } } ?? false
    }

    /// nil when the configuration rewrites nothing.
    package init?(compiling config: RewriteConfig, route: RouteConfig) throws(ConfigFailure) {
        var errors: [ConfigDiagnostic] = []
        func report(_ message: String, _ key: String, hint: String? = nil) {
            let position = config.position == .unknown ? route.position : config.position
            errors.append(
                ConfigDiagnostic(
                    .error, code: "bad-rewrite", "route \"\(route.name)\": \(message)", at: position,
                    path: "rewrite.\(key)", hint: hint))
        }
        prefix = PathRewrite.prefix(config.stripPrefix) { report($0, "strip_prefix") }
        template = PathRewrite.template(config.path, route) { report($0.message, "path", hint: $0.hint) }
        regex = PathRewrite.regex(config.regex) { report($0, "regex") }
        replacement = PathRewrite.replacement(config.regex, groupCount: regex?.groupCount ?? 9) {
            report($0, "regex", hint: "$1 to $9 are groups, $$ is a dollar sign")
        }
        host = config.host.map { Array($0.utf8) }
        if let host, host.isEmpty || host.contains(where: { !PathBytes.isAllowed($0) || $0 == UInt8(ascii: "/") }) {
            report(
                "\"\(config.host ?? "")\" is not a host", "host", hint: "write users.internal or users.internal:8080")
        }
        guard errors.isEmpty else { throw ConfigFailure(errors) }
        if config.stripPrefix == nil, config.path == nil, config.regex == nil, config.host == nil { return nil }
    }

    /// Writes the rewritten path to `out`, replacing what it held. The query is no part of it and stays as it is.
    ///
    /// - Parameters:
    ///   - path: normalised, as it was matched.
    ///   - captures: of that match.
    ///   - variable: what filters have set under a name.
    /// - Returns: false when the path stays as it is; `out` then holds nothing of use.
    package func apply(
        path: Span<UInt8>, captures: borrowing PathCaptures, variable: ([UInt8]) -> [UInt8]? = { _ in nil },
        into out: inout [UInt8]
    ) throws(RewriteError) -> Bool {
        var isChanged = false
        if let template {
            out.removeAll(keepingCapacity: true)
            guard template.write(path: path, captures: captures, variable: variable, into: &out) else {
                throw .variableNotSet
            }
            isChanged = true
        } else if beginsWithPrefix(path) {
            out.removeAll(keepingCapacity: true)
            PathTemplate.append(path, prefix.count..<path.count, to: &out)
            if out.isEmpty { out.append(UInt8(ascii: "/")) }
            isChanged = true
        }
        if let regex {
            if !isChanged {
                out.removeAll(keepingCapacity: true)
                PathTemplate.append(path, 0..<path.count, to: &out)
            }
            if replaceFirst(regex, in: &out) { isChanged = true }
        }
        guard isChanged else { return false }
        PathRewrite.collapseSlashes(&out)
        guard PathNormalizer.isNormal(out.span) else { throw .invalidPath }
        return true
    }

    /// By whole segments: `/api` is no prefix of `/apis`.
    private func beginsWithPrefix(_ path: Span<UInt8>) -> Bool {
        guard !prefix.isEmpty, path.count >= prefix.count else { return false }
        for index in prefix.indices where path[index] != prefix[index] { return false }
        return path.count == prefix.count || path[prefix.count] == UInt8(ascii: "/")
    }

    /// Replaces the first match only; a pattern that is to replace all of the path is anchored at both ends.
    private func replaceFirst(_ regex: PatternRegex, in out: inout [UInt8]) -> Bool {
        guard regex.matches(out.span), let whole = regex.group(0) else { return false }
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: out[..<whole.lowerBound])
        for index in replacement.indices {
            switch replacement[index] {
            case .literal(let text): scratch.append(contentsOf: text)
            case .group(let number):
                if let range = regex.group(number) { scratch.append(contentsOf: out[range]) }
            }
        }
        scratch.append(contentsOf: out[whole.upperBound...])
        swap(&scratch, &out)
        return true
    }

    /// Joining parts easily doubles a slash; that is what nobody means.
    private static func collapseSlashes(_ path: inout [UInt8]) {
        var kept = 0
        for index in path.indices {
            let byte = path[index]
            if byte == UInt8(ascii: "/"), kept > 0, path[kept - 1] == byte { continue }
            if kept != index { path[kept] = byte }
            kept += 1
        }
        if kept < path.count { path.removeSubrange(kept...) }
    }
}

extension PathRewrite {
    private static func prefix(_ text: String?, _ report: (String) -> Void) -> [UInt8] {
        guard let text else { return [] }
        var bytes = Array(text.utf8)
        if bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        if !PathNormalizer.isNormal(bytes.span) { report("\"\(text)\" is not a normalised absolute path") }
        // Stripping "/" would leave everything as it is.
        return bytes.count > 1 ? bytes : []
    }

    private static func template(
        _ text: String?, _ route: RouteConfig, _ report: (PathPattern.Problem) -> Void
    ) -> PathTemplate? {
        guard let text else { return nil }
        let (names, hasRest) = route.templateNames
        do throws(PathPattern.Problem) {
            let template = try PathTemplate(parsing: text, names: names, hasRest: hasRest, hasVariables: true)
            // With plain text for what requests bring, the rest of the template must make a path by itself.
            var sample: [UInt8] = []
            for part in template.parts {
                if case .literal(let bytes) = part { sample += bytes } else { sample.append(UInt8(ascii: "x")) }
            }
            if !isNormalised(sample) {
                report(PathPattern.Problem(message: "\"\(text)\" does not make a normalised absolute path"))
            }
            return template
        } catch {
            report(error)
            return nil
        }
    }

    private static func isNormalised(_ path: [UInt8]) -> Bool { PathNormalizer.isNormal(path.span) }

    private static func regex(_ config: RewriteConfig.Regex?, _ report: (String) -> Void) -> PatternRegex? {
        guard let config else { return nil }
        do throws(PatternError) {
            return try PatternRegex(config.pattern)
        } catch {
            report("regular expression \"\(config.pattern)\": \(error)")
            return nil
        }
    }

    private static func replacement(
        _ config: RewriteConfig.Regex?, groupCount: Int, _ report: (String) -> Void
    ) -> [ReplacementPart] {
        guard let config else { return [] }
        var parts: [ReplacementPart] = []
        var literal: [UInt8] = []
        var rest = Array(config.replacement.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$") else {
                literal.append(byte)
                continue
            }
            guard let next = rest.popFirst() else {
                report("\"\(config.replacement)\" ends in a lone $")
                continue
            }
            if next == byte {
                literal.append(byte)
            } else if ASCII.isDigit(next), next != UInt8(ascii: "0"), Int(next) - 0x30 <= groupCount {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(.group(Int(next) - 0x30))
            } else {
                let name = String(decoding: [byte, next], as: UTF8.self)
                report("\"\(config.replacement)\": the expression has no group \(name)")
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return parts
    }
}
