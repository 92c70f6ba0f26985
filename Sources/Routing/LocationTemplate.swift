import Bytes
package import Config

/// The `location` of a redirect: text with `$host` (without port), `$path`, `$query` (with its `?` when there is one),
/// `$request_uri` (path and query), `$scheme`, the route's `{name}`s and `{*}`; `$$` is a dollar sign.
///
/// What requests bring is written so that it can neither end the field nor start another: space, control and non-ASCII
/// bytes become percent-escapes.
package final class LocationTemplate {
    private enum Part {
        case literal([UInt8])
        case scheme, host, path, query, requestURI
        case capture(PathTemplate.Part)
    }

    private let parts: [Part]

    package init(compiling template: String, route: RouteConfig) throws(ConfigFailure) {
        do throws(PathPattern.Problem) {
            parts = try LocationTemplate.parse(template, route)
        } catch {
            let diagnostic = ConfigDiagnostic(
                .error, code: "bad-location", "route \"\(route.name)\": \(error.message)", at: route.position,
                path: "redirect.location", hint: error.hint)
            throw ConfigFailure([diagnostic])
        }
    }

    private static func parse(_ text: String, _ route: RouteConfig) throws(PathPattern.Problem) -> [Part] {
        let (names, hasRest) = route.templateNames
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        func flush() {
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
        }
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "$"), rest.first == byte {
                literal.append(byte)
                rest.removeFirst()
            } else if byte == UInt8(ascii: "$") {
                let name = rest.prefix { ASCII.isAlpha($0) || $0 == UInt8(ascii: "_") }
                rest = rest.dropFirst(name.count)
                flush()
                parts.append(try variable(String(decoding: name, as: UTF8.self), of: text))
            } else if byte == UInt8(ascii: "{") {
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    throw PathPattern.Problem(message: "\"\(text)\" has a { without }")
                }
                let name = String(decoding: rest[..<end], as: UTF8.self)
                rest = rest[(end + 1)...]
                flush()
                parts.append(.capture(try PathTemplate.part(name, names, hasRest)))
            } else {
                guard byte > 0x20, byte < 0x7F else {
                    throw PathPattern.Problem(message: "\"\(text)\" has a space, control or non-ASCII character")
                }
                literal.append(byte)
            }
        }
        flush()
        guard !parts.isEmpty else { throw PathPattern.Problem(message: "the location is empty") }
        return parts
    }

    private static func variable(_ name: String, of text: String) throws(PathPattern.Problem) -> Part {
        switch name {
        case "scheme": .scheme
        case "host": .host
        case "path": .path
        case "query": .query
        case "request_uri": .requestURI
        default:
            throw PathPattern.Problem(
                message: "\"\(text)\" has an unknown variable $\(name)",
                hint: "there are $scheme, $host, $path, $query and $request_uri; $$ is a dollar sign")
        }
    }

    /// Appends the location to `out`.
    ///
    /// - Parameters:
    ///   - host: the authority of the request; `$host` leaves its port out.
    ///   - path: normalised, as it was matched.
    ///   - query: without its question mark; empty when there is none.
    ///   - captures: of the match.
    package func write(
        scheme: Span<UInt8>, host: Span<UInt8>, path: Span<UInt8>, query: Span<UInt8>, captures: borrowing PathCaptures,
        into out: inout [UInt8]
    ) {
        for index in parts.indices {
            switch parts[index] {
            case .literal(let text): out.append(contentsOf: text)
            case .scheme: append(scheme, 0..<scheme.count, to: &out)
            case .host: append(host, 0..<HostTable.hostCount(host), to: &out)
            case .path: append(path, 0..<path.count, to: &out)
            case .query: appendQuery(query, to: &out)
            case .requestURI:
                append(path, 0..<path.count, to: &out)
                appendQuery(query, to: &out)
            case .capture(.parameter(let number)): append(path, captures.parameters[number], to: &out)
            case .capture: append(path, captures.rest, to: &out)
            }
        }
    }

    private func appendQuery(_ query: Span<UInt8>, to out: inout [UInt8]) {
        guard query.count > 0 else { return }
        out.append(UInt8(ascii: "?"))
        append(query, 0..<query.count, to: &out)
    }

    private func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]) {
        for index in range {
            let byte = bytes[index]
            if byte > 0x20, byte < 0x7F { out.append(byte) } else { PathBytes.append(decoded: byte, to: &out) }
        }
    }
}
