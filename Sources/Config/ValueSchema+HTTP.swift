// What the protocol gives rules for: methods, field names and values, hosts, statuses.

extension ValueSchema where Value == String {
    /// A method token (RFC 9110 §9.1), upper-case as all registered ones are.
    static let method = text(
        "method", ["type": "string", "pattern": #"^[A-Z0-9!#$%&'*+.^_`|~-]+$|\$\{"#], kind: .identifier
    )
    .checked { text, node, context in
        guard HTTPText.isToken(text), text.utf8.count <= 32 else {
            context.report(.invalidMethod, "\(node.summary) is not a request method", at: node.position)
            return nil
        }
        let upper = text.uppercased()
        guard upper == text else {
            TextRefusal("is not upper-case, and methods are case-sensitive", echo: "write \(upper)")
                .report(.invalidMethod, node, context)
            return nil
        }
        return text
    }

    /// A host to match: exact, or every name below `*.`. Lower-cased, as hosts compare without case.
    static let hostPattern = text("host", ["type": "string"], kind: .identifier)
        .checked { text, node, context in
            let host = text.lowercased()
            func refuse(_ problem: String, hint: String? = nil) -> String? {
                context.report(.invalidHost, "\(node.summary) \(problem)", at: node.position, hint: hint)
                return nil
            }
            if host == "*" { return refuse("matches every host", hint: "leave hosts out to match every host") }
            if UpstreamURL.looksLikeURL(host) { return refuse("is a URL", hint: "write the host alone") }
            if host.hasPrefix("[") {
                guard host.hasSuffix("]"), NetworkText.isIPv6(String(host.dropFirst().dropLast())) else {
                    return refuse("is not an IPv6 address in brackets")
                }
                return host
            }
            if host.contains(":") { return refuse("has a port", hint: "hosts match whatever the port is") }
            let isWildcard = host.hasPrefix("*.")
            let name = isWildcard ? String(host.dropFirst(2)) : host
            if name.contains("*") {
                return refuse("has a wildcard that is not the first label", hint: "write *.example.com")
            }
            if NetworkText.isIPv4(name) && !isWildcard { return host }
            if name.hasSuffix(".") { return refuse("ends with a dot", hint: "leave the dot out") }
            guard NetworkText.isHostName(name) else { return refuse("is not a host name") }
            return host
        }

    /// What replaces the Host field towards the upstream: a host with an optional port.
    static let authority = text("host or host:port", ["type": "string"], kind: .identifier)
        .checked { text, node, context in
            if case .success(let address) = NetworkText.hostPort(text),
                text.hasPrefix("[") || NetworkText.isIPv4(address.host) || NetworkText.isHostName(address.host)
            {
                return text
            }
            context.report(.invalidHost, "\(node.summary) is not host or host:port", at: node.position)
            return nil
        }

    /// A field value (RFC 9110 §5.5): no control characters but tab, no space at its ends.
    static let fieldValue = text("text", ["type": ["string", "number", "boolean"]])
        .checked { text, node, context in
            guard HTTPText.isFieldValue(text) else {
                context.report(
                    .invalidHeader, "\(node.summary) is not a field value", at: node.position,
                    hint: "control characters and spaces at the ends are not allowed")
                return nil
            }
            return text
        }

    /// A field name that an operator may set or remove.
    static let editableFieldName = text("field name", ["type": "string"])
        .checked { text, node, context in
            HTTPText.checkedEditable(text, at: node.position, context) ? text : nil
        }
}

extension ValueSchema where Value == [HeaderLine] {
    /// Field names and the value of each, none of them a field that frames the message.
    static let headerLines = map(key: "field name", of: ValueSchema<String>.fieldValue.type) { entry, context in
        guard HTTPText.checkedEditable(entry.key, at: entry.keyPosition, context) else { return nil }
        return ValueSchema<String>.fieldValue.decode(entry.value, context)
            .map { HeaderLine(name: entry.key, value: $0) }
    }
    .checked { lines, node, context in
        var seen: Set<String> = []
        for line in lines where !seen.insert(line.name.lowercased()).inserted {
            context.report(
                .duplicateKey, "the field \(quoted(line.name)) is set twice; field names compare without case",
                at: node.position)
            return nil
        }
        return lines
    }
}

/// The character rules of RFC 9110.
enum HTTPText {
    /// Fields that frame a message or belong to one connection; the gateway alone decides them.
    static let gatewayFields: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// RFC 9110 §5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
                default: false
                }
            }
    }

    /// RFC 9110 §5.5, obs-text included.
    static func isFieldValue(_ text: String) -> Bool {
        let bytes = text.utf8
        if let first = bytes.first, first == 0x20 || first == 0x09 { return false }
        if let last = bytes.last, last == 0x20 || last == 0x09 { return false }
        return bytes.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
    }

    static func checkedFieldName(_ name: String, at position: SourcePosition, _ context: DecodingContext) -> Bool {
        if isToken(name), name.utf8.count <= 256 { return true }
        context.report(.invalidHeader, "\(quoted(name)) is not a field name", at: position)
        return false
    }

    static func checkedEditable(_ name: String, at position: SourcePosition, _ context: DecodingContext) -> Bool {
        guard checkedFieldName(name, at: position, context) else { return false }
        let lower = name.lowercased()
        guard gatewayFields.contains(lower) else { return true }
        context.report(
            .invalidHeader, "the gateway itself decides the field \(quoted(name))", at: position,
            hint: lower == "host" ? "set the Host for the upstream with the route's rewrite.host" : nil)
        return false
    }
}
