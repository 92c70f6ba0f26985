/// `ip-filter`: which addresses may come in.
package struct IPFilterConfig: Sendable, Equatable {
    /// Not empty: all others are refused.
    package var allow: [Located<String>] = []
    /// Refused, whatever `allow` says.
    package var deny: [Located<String>] = []
    /// A file with more to refuse, one network a line.
    package var denyFile: FileReference?
    package var denyFileNetworks: [String] = []
    /// Tells, but refuses nobody.
    package var isDryRun = false

    package init() {}
}

/// The description of `ip-filter`.
enum IPFilterSchema {
    static let filter: ValueSchema<IPFilterConfig> = object.value.checked { config, node, context in
        guard config.allow.isEmpty, config.deny.isEmpty, config.denyFile == nil else { return config }
        context.report(
            .missingKey, "a filter of addresses needs addresses", at: node.position,
            hint: "write allow, deny or deny_file")
        return nil
    }

    static let object = ObjectSchema(
        "ip-filter-middleware", "Which addresses may come in; 403 for the others.", empty: IPFilterConfig(),
        fields: [
            .field(
                "allow", \.allow, .list(of: ValueSchema<String>.network.located),
                "Addresses and networks that may; all others may not."),
            .field(
                "deny", \.deny, .list(of: ValueSchema<String>.network.located),
                "Addresses and networks that may not, whatever `allow` says."),
            .optional(
                "deny_file", \.denyFile, TLSSchema.file,
                "A file with more of them, one a line, `#` before comments; watched."),
            .field("dry_run", \.isDryRun, .bool, "Count and log, but refuse nobody."),
        ])
}
