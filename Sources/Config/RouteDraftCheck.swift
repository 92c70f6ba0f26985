/// The rules that hold between the keys of one route.
struct RouteDraftCheck {
    let draft: RouteDraft
    let node: ConfigNode
    let context: DecodingContext

    /// nil after reporting what does not fit together.
    func route() -> RouteConfig? {
        guard let action = action() else { return nil }
        if draft.path != nil, let regex = draft.pathRegex {
            context.report(.conflictingKeys, "a route has path or path_regex, not both", at: regex.position)
            return nil
        }
        var route = RouteConfig(name: draft.name, action: action)
        route.match.hosts = draft.hosts
        route.match.methods = draft.methods
        route.match.headers = draft.headers
        route.match.query = draft.query
        if let path = draft.path {
            route.match.path = .pattern(path.value)
            route.match.pathPosition = path.position
        } else if let regex = draft.pathRegex {
            route.match.path = .regex(regex.value)
            route.match.pathPosition = regex.position
        } else {
            route.match.pathPosition = node.position
        }
        guard rewriteFits(action, route.match.path), hostsAreUnique() else { return nil }
        route.rewrite = draft.rewrite
        route.mirror = draft.mirror
        route.middleware = draft.middleware
        route.requestTimeout = draft.timeouts.request
        route.bodyIdleTimeout = draft.timeouts.bodyIdle
        route.bodyLimit = draft.limits.body
        route.priority = draft.priority
        route.shownLocation = shownLocation()
        route.position = draft.position
        return route
    }

    /// The location of a redirect as the file has it, where a variable contributed to it.
    private func shownLocation() -> String? {
        guard let location = node["redirect"]?["location"], location.isExpanded,
            case .scalar(let scalar) = location.content
        else { return nil }
        return scalar.written ?? SecretName.replacement
    }

    private func action() -> RouteAction? {
        var actions: [(key: String, action: RouteAction)] = []
        if let upstream = draft.upstream { actions.append(("upstream", .upstream(upstream))) }
        if let split = draft.split { actions.append(("split", .split(split))) }
        if let redirect = draft.redirect {
            actions.append(("redirect", .redirect(status: redirect.status, location: redirect.location)))
        }
        if let respond = draft.respond {
            actions.append(
                ("respond", .respond(status: respond.status, body: respond.body, headers: respond.headers)))
        }
        switch actions.count {
        case 1: return actions[0].action
        case 0:
            context.report(
                .conflictingKeys, "route \(quoted(draft.name)) has no action", at: node.position,
                hint: "give it one of upstream, split, redirect, respond")
        default:
            let keys = actions.map(\.key).joined(separator: ", ")
            context.report(
                .conflictingKeys, "route \(quoted(draft.name)) has several actions: \(keys)", at: node.position,
                hint: "keep one of them")
        }
        return nil
    }

    /// Rewriting needs an upstream, and templates need the parameters that they name.
    private func rewriteFits(_ action: RouteAction, _ path: MatchConfig.Path) -> Bool {
        switch action {
        case .upstream, .split: break
        case .redirect, .respond:
            for (key, isSet) in [("rewrite", draft.rewrite != nil), ("mirror", draft.mirror != nil)] where isSet {
                context.inKey(key) {
                    context.report(
                        .conflictingKeys, "\(key) needs a route that goes to an upstream",
                        at: node[key]?.position ?? node.position)
                }
                return false
            }
        }
        guard let template = draft.rewrite?.path, let names = PathPatternText.references(in: template) else {
            return true
        }
        var shape = PathPatternText.Shape(parameters: [], isPrefix: true)
        if case .pattern(let pattern) = path {
            guard case .success(let found) = PathPatternText.shape(of: pattern) else { return true }
            shape = found
        } else {
            shape.isPrefix = false
        }
        // What filters set is known when they have run.
        let references = names.filter { !$0.hasPrefix("var:") }
        for name in references where name == "*" ? !shape.isPrefix : !shape.parameters.contains(name) {
            context.inKey("rewrite") {
                context.inKey("path") {
                    context.report(
                        .invalidTemplate,
                        name == "*"
                            ? "{*} needs a route whose path ends in /*"
                            : "the route's path has no parameter {\(name)}",
                        at: node["rewrite"]?["path"]?.position ?? node.position,
                        hint: Suggestion.hint(for: name, among: shape.parameters))
                }
            }
            return false
        }
        return true
    }

    private func hostsAreUnique() -> Bool {
        var seen: Set<String> = []
        for host in draft.hosts where !seen.insert(host.value).inserted {
            context.inKey("hosts") {
                context.report(.duplicateValue, "the host \(quoted(host.value)) is listed twice", at: host.position)
            }
            return false
        }
        return true
    }
}
