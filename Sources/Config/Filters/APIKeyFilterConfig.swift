/// `api-key`: keys of consumers, of which only hashes are kept.
package struct APIKeyFilterConfig: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package var id: String
        /// SHA-256 of the whole key.
        package var hash: [UInt8]
        /// nil: the id.
        package var consumer: String?
        package var scopes: [String]
        /// Unix time in seconds; nil: for ever.
        package var expires: Int64?
        package var position = SourcePosition.unknown

        package init(id: String, hash: [UInt8], consumer: String? = nil, scopes: [String] = [], expires: Int64? = nil) {
            self.id = id
            self.hash = hash
            self.consumer = consumer
            self.scopes = scopes
            self.expires = expires
        }
    }

    package var sources = [CredentialSourceConfig(.header, "x-api-key")]
    package var scheme = "Bearer"
    package var keys: [Key] = []
    /// A file with more of them, and what it holds.
    package var file: FileReference?
    package var fileKeys: [Key] = []
    /// Scopes that a key must have, all of them.
    package var scopes: [String] = []
    package var forward = false
    /// A field that tells the upstream of the consumer; lower-case.
    package var consumerHeader: String?
    package var realm = "gateway"
    package var isOptional = false

    package init() {}
}

extension GatewayConfig {
    /// The keys of `api-key` filters that end, each once, and when: Unix time in seconds.
    package var endingKeys: [(filter: String, key: String, expires: Int64)] {
        var seen: Set<[String]> = []
        return allMiddleware.flatMap { middleware -> [(filter: String, key: String, expires: Int64)] in
            guard case .apiKey(let filter) = middleware.filter else { return [] }
            return (filter.keys + filter.fileKeys).compactMap { key in
                guard let expires = key.expires, seen.insert([middleware.name, key.id]).inserted else { return nil }
                return (middleware.name, key.id, expires)
            }
        }
    }
}

/// The description of `api-key`, and of its key files.
enum APIKeyFilterSchema {
    static let hash = ValueSchema<String>.text(
        "hash", ["type": "string", "pattern": #"^sha256:[0-9a-fA-F]{64}$|\$\{"#]
    )
    .map { text, node, context in
        guard text.hasPrefix("sha256:"), let bytes = bytes(hex: text.dropFirst("sha256:".count)), bytes.count == 32
        else {
            context.report(
                .invalidValue, "this is not the hash of a key", at: node.position,
                hint: "write sha256: and 64 hexadecimal digits; gateway key new prints it")
            return [UInt8]?.none
        }
        return bytes
    }

    private static func bytes(hex: Substring) -> [UInt8]? {
        guard hex.utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var rest = hex[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16), rest.first != "+", rest.first != "-" else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// `2027-01-31T12:00:00Z` or `2027-01-31` (RFC 3339).
    static let date = ValueSchema<String>.text("date such as 2027-01-31T12:00:00Z", ["type": "string"])
        .map { text, node, context in
            if let seconds = UnixTime.seconds(parsing: text) { return Int64?.some(seconds) }
            context.report(
                .invalidValue, "\(node.summary) is not a date", at: node.position,
                hint: "write 2027-01-31T12:00:00Z or 2027-01-31")
            return nil
        }

    static let key = ObjectSchema(
        "api-key", "A key, of which only the hash is kept.", empty: APIKeyFilterConfig.Key(id: "", hash: []),
        position: { $0.position = $1 },
        fields: [
            .required("id", \.id, .name, "What logs and metrics call it."),
            .required("hash", \.hash, hash, "`sha256:` and the hexadecimal digits of SHA-256 of the key."),
            .optional("consumer", \.consumer, .name, "Whose it is; left out: its id."),
            .field("scopes", \.scopes, .list(of: .text), "What it may be used for."),
            .optional("expires", \.expires, date, "When it ends."),
        ])

    static let keys = ValueSchema<[APIKeyFilterConfig.Key]>.list(of: key.value)

    /// Everything that is wrong with keys that stand side by side.
    static func checkUnique(_ keys: [APIKeyFilterConfig.Key], _ context: DecodingContext) -> Bool {
        var ids: Set<String> = []
        var hashes: Set<[UInt8]> = []
        for key in keys {
            if !ids.insert(key.id).inserted {
                context.report(.duplicateValue, "the key \(quoted(key.id)) is there twice", at: key.position)
                return false
            }
            if !hashes.insert(key.hash).inserted {
                context.report(
                    .duplicateValue, "\(quoted(key.id)) has the same hash as another key", at: key.position)
                return false
            }
        }
        return true
    }

    static let filter: ValueSchema<APIKeyFilterConfig> = object.value.checked { config, node, context in
        guard checkUnique(config.keys, context) else { return nil }
        if config.keys.isEmpty, config.file == nil {
            context.report(
                .missingKey, "without keys nobody gets in", at: node.position, hint: "write keys or file")
            return nil
        }
        return config
    }

    static let object = ObjectSchema(
        "api-key-middleware", "Keys of consumers, of which only hashes are kept.", empty: APIKeyFilterConfig(),
        fields: [
            .field(
                "sources", \.sources,
                .list(of: .credentialSource, emptyMessage: "a key must come from somewhere"),
                "Where the key is, in this order: `header:NAME`, `cookie:NAME`, `query:NAME`."),
            .field("scheme", \.scheme, .text, "What precedes the key in `Authorization`."),
            .field("keys", \.keys, keys, "The keys."),
            .optional("file", \.file, TLSSchema.file, "A YAML file with a list of further keys; watched."),
            .field("scopes", \.scopes, .list(of: .text), "Scopes that a key must have, all of them; 403 else."),
            .field("forward", \.forward, .bool, "Whether the upstream gets the key too."),
            .optional(
                "forward_consumer", \.consumerHeader, .editableFieldName,
                "A field that tells the upstream of the consumer; clients' own are dropped."),
            .field("realm", \.realm, .fieldValue, "What `WWW-Authenticate` says."),
            .field("optional", \.isOptional, .bool, "Let requests without a key pass; a bad one never does."),
        ])
}

extension APIKeyFilterConfig {
    /// The keys of a file: a YAML list, each entry as under `keys`.
    package static func keys(of tree: ConfigNode) -> (keys: [Key]?, diagnostics: [ConfigDiagnostic]) {
        let context = DecodingContext()
        var keys = APIKeyFilterSchema.keys.decode(tree, context)
        if let found = keys, !APIKeyFilterSchema.checkUnique(found, context) { keys = nil }
        return (keys, context.diagnostics)
    }
}

/// Dates of the configuration as Unix time.
package enum UnixTime {
    /// RFC 3339 with `Z`, or a day alone, which is its start; nil for anything else.
    package static func seconds(parsing text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 }
        }
        guard bytes.count == 10 || bytes.count == 20, bytes[4] == 0x2D, bytes[7] == 0x2D, let year = number(0..<4),
            let month = number(5..<7), let day = number(8..<10), year >= 1970, (1...12).contains(month)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month - 1]).contains(day) else { return nil }
        let before = year - 1
        let leapDays = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
        let days = (year - 1970) * 365 + leapDays + lengths[..<(month - 1)].reduce(0, +) + day - 1
        guard bytes.count == 20 else { return Int64(days) * 86_400 }
        guard bytes[10] | 0x20 == 0x74, bytes[13] == 0x3A, bytes[16] == 0x3A, bytes[19] | 0x20 == 0x7A,
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19), hour < 24,
            minute < 60, second < 60
        else { return nil }
        return Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }
}
