/// What a route's mapping holds, before it is known which kind of action it takes.
struct RouteDraft: Sendable {
    struct Timeouts: Sendable {
        var request: Duration?
        var bodyIdle: Duration?
    }
    struct Limits: Sendable { var body: Int? }
    struct Redirect: Sendable {
        var status = 308
        var location = ""
    }
    struct Respond: Sendable {
        var status = 200
        var body = ""
        var headers: [HeaderLine] = []
    }

    var name = ""
    var path: Located<String>?
    var pathRegex: Located<String>?
    var hosts: [Located<String>] = []
    var methods: [String] = []
    var headers: [MatchConfig.Condition] = []
    var query: [MatchConfig.Condition] = []
    var upstream: UpstreamReference?
    var split: [SplitTarget]?
    var redirect: Redirect?
    var respond: Respond?
    var rewrite: RewriteConfig?
    var mirror: MirrorConfig?
    var middleware: [MiddlewareReference] = []
    var timeouts = Timeouts()
    var limits = Limits()
    var priority = 0
    var position = SourcePosition.unknown
}

/// The description of one entry of `routes`.
enum RouteSchema {
    static let route = schema.value.map { draft, node, context in
        RouteDraftCheck(draft: draft, node: node, context: context).route()
    }

    /// Registered with the key, so that a route that is wrong elsewhere still counts.
    private static let uniqueName = ValueSchema.name.checked { name, node, context in
        context.define(.route, name, at: node.position)
        return name
    }

    private static let schema = ObjectSchema(
        "route", "Which requests it takes, and what becomes of them.", empty: RouteDraft(),
        position: { $0.position = $1 },
        fields: [
            .required("name", \.name, uniqueName, "Unique; appears in logs and metrics."),
            .optional(
                "path", \.path, ValueSchema.pathPattern.located,
                "Exact (`/a/b`), with parameters of one segment (`/a/{id}`), or a prefix of whole segments (`/a/*`, "
                    + "which matches `/a` too). Left out together with `path_regex`: every path."),
            .optional(
                "path_regex", \.pathRegex, ValueSchema.pattern.located,
                "A regular expression in place of `path`; anchor it with `^` and `$` where that is meant."),
            .field(
                "hosts", \.hosts,
                .list(
                    of: ValueSchema.hostPattern.located,
                    emptyMessage: "an empty list matches no request; leave hosts out to match every host"),
                "Host names, or wildcards such as `*.example.com`; the port does not matter. Left out: every host."),
            .field("methods", \.methods, methods, "Request methods. Left out: every method."),
            .field(
                "headers", \.headers, ConditionSchema.headers,
                "Conditions on request fields: a text to equal, or `{regex: …}`, `{present: true}`, `{absent: true}`."),
            .field("query", \.query, ConditionSchema.query, "Conditions on query parameters, in the same forms."),
            .optional(
                "upstream", \.upstream, UpstreamReferenceSchema.value,
                "Where requests go: a name under `upstreams`, or `http://host:port`."),
            .optional("split", \.split, splitTargets, "Several upstreams that share the requests by weight."),
            .optional("redirect", \.redirect, redirect.value, "Answer with a redirect, in place of an upstream."),
            .optional("respond", \.respond, respond.value, "Answer with a fixed response, in place of an upstream."),
            .optional("rewrite", \.rewrite, rewrite.value, "Changes to the request before it goes to the upstream."),
            .optional(
                "mirror", \.mirror, mirror,
                "Sends copies of requests to another upstream, whose answers are dropped."),
            .field(
                "middleware", \.middleware, .list(of: MiddlewareSchema.reference),
                "Run in this order; names under `middleware` or of built-in types, or definitions in place."),
            .field("timeouts", \.timeouts, timeouts.value, "Override the top-level timeouts."),
            .field("limits", \.limits, limits.value, "Override the top-level limits."),
            .field(
                "priority", \.priority, .integer(-1000...1000),
                "The higher one wins between routes that would otherwise be ambiguous."),
        ])

    private static let methods = ValueSchema.list(
        of: ValueSchema.method, emptyMessage: "an empty list matches no request; leave methods out to match every one"
    )
    .checked { methods, node, context in
        var seen: Set<String> = []
        for method in methods where !seen.insert(method).inserted {
            context.report(.duplicateValue, "the method \(method) is listed twice", at: node.position)
            return nil
        }
        return methods
    }

    private static let redirect = ObjectSchema(
        "redirect", "An answer that sends the client elsewhere.", empty: RouteDraft.Redirect(),
        fields: [
            .field("status", \.status, status(of: [301, 302, 303, 307, 308]), "301, 302, 303, 307 or 308."),
            .required(
                "location", \.location, ValueSchema.location,
                "A URL or path; `$scheme`, `$host`, `$path`, `$query`, `$request_uri` and `{name}` are filled in."),
        ])

    private static let respond = ObjectSchema(
        "respond", "An answer that the gateway gives itself.", empty: RouteDraft.Respond(),
        fields: [
            .field("status", \.status, .integer(200...599), "The status code."),
            .field("body", \.body, .body, "The body, as UTF-8 text."),
            .field("headers", \.headers, .headerLines, "Response fields."),
        ])

    private static let rewrite = ObjectSchema(
        "rewrite", "Changes to a request on its way to the upstream, in the order of these keys.",
        empty: RewriteConfig(), position: { $0.position = $1 },
        fields: [
            .optional("strip_prefix", \.stripPrefix, .pathPrefix, "Whole leading segments to cut, such as `/api`."),
            .optional(
                "path", \.path, .pathTemplate,
                "A new path; `{name}` is a parameter of the route's path, `{*}` what its `/*` matched."),
            .optional(
                "regex", \.regex, rewriteRegex,
                "Two texts: a regular expression, and what replaces its first match; `$1` to `$9` are groups."),
            .optional("host", \.host, .authority, "The Host field for the upstream. Left out: the client's."),
        ])

    private static let rewriteRegex = ValueSchema.list(of: ValueSchema.body).map { parts, node, context in
        guard parts.count == 2, !parts[0].isEmpty else {
            context.report(
                .invalidValue, "expected two texts, a regular expression and its replacement", at: node.position,
                hint: "as in [\"^/v1/(.*)$\", \"/$1\"]")
            return RewriteConfig.Regex?.none
        }
        return RewriteConfig.Regex(pattern: parts[0], replacement: parts[1])
    }

    private static let mirror: ValueSchema<MirrorConfig> = ObjectSchema(
        "mirror", "Where copies of requests go.", empty: MirrorConfig(upstream: UpstreamReference("")),
        fields: [
            .required("upstream", \.upstream, UpstreamReferenceSchema.value, "A name under `upstreams`, or a URL."),
            .field("sample", \.sample, .share, "The share of requests that is copied."),
        ]
    ).value

    private static let timeouts = ObjectSchema(
        "route-timeouts", "Timeouts of one route.", empty: RouteDraft.Timeouts(),
        fields: [
            .optional(
                "request", \.request, TimeoutsSchema.any,
                "The whole exchange; 504 past it. Left out: the top level's."),
            .optional(
                "body_idle", \.bodyIdle, TimeoutsSchema.any,
                "Without progress while reading a body; 408 past it. Left out: the top level's."),
        ])

    private static let limits = ObjectSchema(
        "route-limits", "Limits of one route.", empty: RouteDraft.Limits(),
        fields: [
            .optional("body", \.body, LimitsSchema.body, "The largest request body; 413 past it.")
        ])

    private static let splitTarget = ObjectSchema(
        "split-target", "One of the upstreams that share a route's requests.",
        empty: SplitTarget(upstream: UpstreamReference(""), weight: 1),
        fields: [
            .required("upstream", \.upstream, UpstreamReferenceSchema.value, "A name under `upstreams`, or a URL."),
            .field("weight", \.weight, .integer(0...1000), "Its share, relative to the sum of all weights."),
        ])

    private static let splitTargets = ValueSchema.list(
        of: splitTarget.value, emptyMessage: "a split needs at least one upstream"
    )
    .map { targets, node, context in
        guard targets.contains(where: { $0.weight > 0 }) else {
            context.report(.outOfRange, "the weights of a split add up to 0", at: node.position)
            return [SplitTarget]?.none
        }
        return targets
    }

    private static func status(of allowed: [Int]) -> ValueSchema<Int> {
        .choice(allowed.map { (String($0), $0) }, render: { (status: Int) in JSONValue.integer(status) })
    }
}

extension ValueSchema where Value == String {
    /// A regular expression; `Routing` compiles it and reports what is wrong with it.
    static let pattern = text("regular expression", ["type": "string", "minLength": 1])
        .checked { text, node, context in
            if !text.isEmpty, text.utf8.count <= 4096 { return text }
            context.report(
                .invalidValue, "a regular expression has 1 to 4096 bytes, this one has \(text.utf8.count)",
                at: node.position)
            return nil
        }

    /// Text that may be empty; null counts as that.
    static let body = ValueSchema(.scalar(ScalarDescription("text", ["type": "string"])), render: { .string($0) }) {
        node, context in
        node.isNull ? "" : text.decode(node, context)
    }

    /// The template of a Location field.
    static let location = text("location template", ["type": "string", "minLength": 1])
        .checked { text, node, context in
            guard !text.isEmpty, HTTPText.isFieldValue(text), !text.utf8.contains(0x20) else {
                context.report(
                    .invalidValue, "\(node.summary) is not a location", at: node.position,
                    hint: "write a URL or a path without spaces, such as \"https://$host$path\"")
                return nil
            }
            return text
        }
}
