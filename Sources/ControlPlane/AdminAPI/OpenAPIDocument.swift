/// The OpenAPI 3.1 description of the admin API, made from the table of its endpoints.
package enum OpenAPIDocument {
    package static var json: JSONText {
        .object([
            ("openapi", .string("3.1.0")),
            (
                "info",
                .object([
                    ("title", .string("Gateway admin API")), ("version", .string(GatewayVersion.gateway)),
                    (
                        "description",
                        .string("Status of a running gateway, and the few things it can be told. See docs/admin.md.")
                    ),
                ])
            ),
            ("paths", .object(AdminEndpoint.allCases.map { ($0.rawValue, path($0)) })),
            (
                "components",
                .object([
                    ("schemas", .object([("Problem", problem)])),
                    (
                        "securitySchemes",
                        .object([
                            (
                                "token",
                                .object([
                                    ("type", .string("http")), ("scheme", .string("bearer")),
                                    ("description", .string("admin.token; without one, only this machine may ask.")),
                                ])
                            )
                        ])
                    ),
                ])
            ),
        ])
    }

    private static func path(_ endpoint: AdminEndpoint) -> JSONText {
        // HEAD answers as GET does, and is left to those who know HTTP.
        .object([(endpoint.isChange ? "post" : "get", operation(endpoint))])
    }

    private static func operation(_ endpoint: AdminEndpoint) -> JSONText {
        var members: [(String, JSONText)] = [
            ("operationId", .string("\(endpoint)")), ("summary", .string(endpoint.summary)),
        ]
        if !endpoint.parameters.isEmpty { members.append(("parameters", .array(endpoint.parameters.map(parameter)))) }
        if endpoint.isChange {
            // Either the token or, without one, this machine.
            members.append(("security", .array([.object([]), .object([("token", .array([]))])])))
        }
        members.append(("responses", .object(endpoint.responses.map { ("\($0.status)", response($0)) })))
        return .object(members)
    }

    private static func parameter(_ parameter: AdminEndpoint.Parameter) -> JSONText {
        var members: [(String, JSONText)] = [("type", .string(parameter.range == nil ? "string" : "integer"))]
        if let range = parameter.range {
            members += [("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound))]
        }
        if let pattern = parameter.pattern { members.append(("pattern", .string(pattern))) }
        let item = JSONText.object(members)
        let schema =
            parameter.isRepeated ? JSONText.object([("type", .string("array")), ("items", item)]) : item
        return .object([
            ("name", .string(parameter.name)), ("in", .string("query")), ("description", .string(parameter.meaning)),
            ("required", .boolean(parameter.isRequired)), ("schema", schema),
        ])
    }

    private static func response(_ response: AdminEndpoint.Response) -> JSONText {
        let type = String(response.contentType.prefix { $0 != ";" })
        let schema: JSONText
        switch type {
        case "application/json": schema = .object([])
        case "application/problem+json": schema = .object([("$ref", .string("#/components/schemas/Problem"))])
        default: schema = .object([("type", .string("string"))])
        }
        return .object([
            ("description", .string(response.meaning)),
            ("content", .object([(type, .object([("schema", schema)]))])),
        ])
    }

    /// RFC 9457.
    private static var problem: JSONText {
        let text = JSONText.object([("type", .string("string"))])
        return .object([
            ("type", .string("object")),
            ("required", .array(["type", "title", "status", "detail"].map { .string($0) })),
            (
                "properties",
                .object([
                    ("type", text), ("title", text), ("status", .object([("type", .string("integer"))])),
                    ("detail", text),
                    (
                        "diagnostics",
                        .object([("type", .string("array")), ("items", .object([("type", .string("object"))]))])
                    ),
                ])
            ),
        ])
    }
}
