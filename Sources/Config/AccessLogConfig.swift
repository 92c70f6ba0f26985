/// What is written about each request, and where.
package struct AccessLogConfig: Sendable, Equatable {
    package enum Output: Sendable, Equatable {
        case off, stdout, stderr
        /// An absolute or relative path; reopened on SIGHUP.
        case file(String)
    }

    package enum Format: Sendable, Equatable {
        case json
        /// Apache's and nginx's "combined".
        case combined
        case template(AccessLogTemplate)
    }

    /// An extra or renamed member of a JSON line.
    package struct Field: Sendable, Equatable {
        package var name: String
        /// nil: the line has no such member.
        package var template: AccessLogTemplate?

        package init(name: String, template: AccessLogTemplate?) {
            self.name = name
            self.template = template
        }
    }

    /// Which requests are written at all.
    package struct When: Sendable, Equatable {
        package var minStatus = 0
        package var minDuration: Duration = .zero
        /// The share of the lines that pass the other conditions, 0...1.
        package var sample = 1.0

        package init() {}
    }

    package var output = Output.stdout
    package var format = Format.json
    /// Only for `json`.
    package var fields: [Field] = []
    package var when = When()
    /// Names of query parameters whose values are not written, lower-case.
    package var redactQuery = [
        "access_token", "api_key", "apikey", "auth", "client_secret", "code", "id_token", "key", "password",
        "refresh_token", "secret", "sig", "signature", "token",
    ]
    package var position = SourcePosition.unknown

    package init() {}
}

/// What stands for a value in a line of the access log.
package enum AccessLogVariable: String, Sendable, CaseIterable {
    case time, requestID = "request_id", clientIP = "client_ip", listener, `protocol`, method, host, path, query
    case status, route, upstream, target, attempts
    case bytesIn = "bytes_in", bytesOut = "bytes_out"
    case durationMS = "duration_ms", upstreamMS = "upstream_ms", overheadUS = "overhead_us"
    case endReason = "end_reason", userAgent = "user_agent", referer
    case consumer, auth
    case generation, worker, filters

    /// For the reference page.
    package var explanation: String {
        switch self {
        case .time: "when the exchange ended, RFC 3339 in UTC with milliseconds"
        case .requestID: "what `x-request-id` carries"
        case .clientIP: "the client's address, as `trusted_proxies` lets it be known"
        case .listener: "the name of the listener"
        case .protocol: "`HTTP/1.1` or `HTTP/1.0`"
        case .method: "the request method"
        case .host: "the authority of the request, with its port"
        case .path: "the path as the client sent it"
        case .query: "the query, without the values of `redact_query`"
        case .status: "the status sent; 0 when the client had gone before one was"
        case .route: "the route; `none` where none fits"
        case .upstream: "the upstream"
        case .target: "address and port of the server that was asked last"
        case .attempts: "how often the request was sent to an upstream"
        case .bytesIn: "bytes of the request, its head included"
        case .bytesOut: "bytes of the response, its head included"
        case .durationMS: "from the first byte of the request to the end of the response"
        case .upstreamMS: "from sending the request upstream to the head of its response, over all attempts"
        case .overheadUS: "the part of the duration in which the gateway itself was at work"
        case .endReason: "the code of the end reason"
        case .userAgent: "the field `user-agent`"
        case .referer: "the field `referer`, without the values of `redact_query`"
        case .consumer: "who authentication found the client to be"
        case .auth: "what authentication decided, such as `granted` or `expired`"
        case .generation: "the generation of the configuration that served the request"
        case .worker: "the number of the worker"
        case .filters: "what filters put into `ctx.vars`, as an object"
        }
    }
}

/// Text with variables: `$status`, or `$header{x-tenant}` for a field of the request; `$$` is a dollar sign.
package struct AccessLogTemplate: Sendable, Equatable {
    package enum Piece: Sendable, Equatable {
        case literal(String)
        case variable(AccessLogVariable)
        /// A field of the request, by its lower-case name.
        case header(String)
        /// A variable that a filter has set.
        case filterVariable(String)
    }

    /// A template that cannot be used, and what may help.
    package struct Refusal: Error, Sendable, Equatable {
        package var message: String
        package var hint: String?
    }

    package var pieces: [Piece]

    package init(pieces: [Piece]) {
        self.pieces = pieces
    }

    package init(parsing text: String) throws(Refusal) {
        pieces = []
        var literal = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "$" else {
                literal.append(character)
                continue
            }
            if rest.first == "$" {
                rest.removeFirst()
                literal.append("$")
                continue
            }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            rest = rest.dropFirst(name.count)
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
            switch name {
            case "header": pieces.append(try Self.header(&rest))
            case "var": pieces.append(try Self.filterVariable(&rest))
            default: pieces.append(try Self.variable(String(name)))
            }
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
    }

    private static func variable(_ name: String) throws(Refusal) -> Piece {
        if let variable = AccessLogVariable(rawValue: name) { return .variable(variable) }
        let known = AccessLogVariable.allCases.map(\.rawValue)
        guard !name.isEmpty else {
            throw Refusal(message: "a $ stands without a name behind it", hint: "write $$ for a dollar sign")
        }
        throw Refusal(
            message: "there is no variable \(quoted("$" + name))",
            hint: Suggestion.hint(for: name, among: known)
                ?? "known: " + known.joined(separator: ", ") + ", header{name}, var{name}")
    }

    private static func filterVariable(_ rest: inout Substring) throws(Refusal) -> Piece {
        let example = "write $var{tenant}, where a filter sets ctx.vars.tenant"
        guard rest.first == "{", let end = rest.firstIndex(of: "}") else {
            throw Refusal(message: "$var has no {name} behind it", hint: example)
        }
        let name = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        let isName = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
        guard isName, !name.isEmpty, !(0x30...0x39).contains(name.utf8.first ?? 0x30) else {
            throw Refusal(message: "\(quoted(name)) is not the name of a variable", hint: example)
        }
        return .filterVariable(name)
    }

    private static func header(_ rest: inout Substring) throws(Refusal) -> Piece {
        let example = "write $header{x-tenant}"
        guard rest.first == "{", let end = rest.firstIndex(of: "}") else {
            throw Refusal(message: "$header has no {name} behind it", hint: example)
        }
        let name = rest[rest.index(after: rest.startIndex)..<end].lowercased()
        rest = rest[rest.index(after: end)...]
        guard HTTPText.isToken(name) else {
            throw Refusal(message: "\(quoted(name)) is not a field name", hint: example)
        }
        // Written as `$referer` is, without what its query must not tell.
        if name == "referer" { return .variable(.referer) }
        guard !SecretName.isLikely(name) else {
            throw Refusal(message: "the field \(quoted(name)) holds credentials, which are never logged", hint: nil)
        }
        return .header(name)
    }
}
