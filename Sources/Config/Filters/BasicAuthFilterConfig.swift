/// `basic-auth`: names and passwords (RFC 7617), of which only slow hashes are kept.
package struct BasicAuthFilterConfig: Sendable, Equatable {
    package struct User: Sendable, Equatable {
        package var name: String
        /// As `htpasswd -B` or `mkpasswd` print it.
        package var hash: String
        package var position = SourcePosition.unknown

        package init(name: String, hash: String) {
            self.name = name
            self.hash = hash
        }
    }

    package var users: [User] = []
    /// A file as `htpasswd` makes it.
    package var file: FileReference?
    package var fileUsers: [User] = []
    package var realm = "gateway"
    package var userHeader: String?
    package var forward = false
    package var isOptional = false
    /// How long a password that was right is remembered.
    package var cacheTTL: Duration = .seconds(60)

    package init() {}

    /// Why a hash cannot be used; nil when it can. Fast ones are refused: whoever gets the file would know every
    /// password the same day.
    package static func problem(ofHash hash: String) -> String? {
        let slow = ["$2y$", "$2b$", "$2a$", "$y$", "$6$", "$5$", "$7$", "$gy$"]
        guard slow.contains(where: hash.hasPrefix) else {
            return hash.hasPrefix("$apr1$") || hash.hasPrefix("{SHA}") || hash.hasPrefix("$1$")
                ? "hashes of that kind are broken in no time" : "this is not the hash of a password"
        }
        guard hash.utf8.count >= 20, hash.utf8.count < 256, hash.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "this is not the hash of a password"
        }
        return nil
    }
}

/// The description of `basic-auth`.
enum BasicAuthFilterSchema {
    private static let hash = ValueSchema<String>.text("hash", ["type": "string"]).checked { text, node, context in
        guard let problem = BasicAuthFilterConfig.problem(ofHash: text) else { return text }
        context.report(.invalidValue, problem, at: node.position, hint: "htpasswd -nB NAME makes one")
        return nil
    }

    private static let userName = ValueSchema<String>.name.checked { text, node, context in
        guard text.contains(":") else { return text }
        context.report(.invalidName, "a name has no colon (RFC 7617 §2)", at: node.position)
        return nil
    }

    private static let user = ObjectSchema(
        "basic-auth-user", "Somebody with a password.", empty: BasicAuthFilterConfig.User(name: "", hash: ""),
        position: { $0.position = $1 },
        fields: [
            .required("name", \.name, userName, "What is sent before the colon."),
            .required("hash", \.hash, hash, "Of the password: bcrypt, yescrypt or SHA-512-crypt.").secret,
        ])

    static let filter: ValueSchema<BasicAuthFilterConfig> = object.value.checked { config, node, context in
        guard !config.users.isEmpty || config.file != nil else {
            context.report(
                .missingKey, "without users nobody gets in", at: node.position, hint: "write users or file")
            return nil
        }
        var names: Set<String> = []
        for user in config.users where !names.insert(user.name).inserted {
            context.report(.duplicateValue, "\(quoted(user.name)) is there twice", at: user.position)
            return nil
        }
        return config
    }

    static let object = ObjectSchema(
        "basic-auth-middleware", "Names and passwords (RFC 7617).", empty: BasicAuthFilterConfig(),
        fields: [
            .field("users", \.users, .list(of: user.value), "Who may come in."),
            .optional("file", \.file, TLSSchema.file, "A file as `htpasswd -B` makes it; watched."),
            .field("realm", \.realm, .fieldValue, "What browsers show when they ask."),
            .optional(
                "forward_user", \.userHeader, .editableFieldName,
                "A field that tells the upstream of the name; clients' own are dropped."),
            .field("forward", \.forward, .bool, "Whether the upstream gets the password too."),
            .field("optional", \.isOptional, .bool, "Let requests without a password pass; a wrong one never does."),
            .field(
                "cache", \.cacheTTL, .duration(.zero...(.seconds(3600))),
                "How long a password that was right is remembered."),
        ])
}
