/// Every code that reading a configuration can give, with what it means; the reference page prints this table.
package enum DiagnosticCode: String, Sendable, CaseIterable {
    case fileUnreadable = "file-unreadable"
    case fileTooLarge = "file-too-large"
    case notUTF8 = "not-utf8"
    case noFiles = "no-files"
    case noConfiguration = "no-configuration"
    case yamlSyntax = "yaml-syntax"
    case multipleDocuments = "multiple-documents"
    case tooDeep = "too-deep"
    case tooManyNodes = "too-many-nodes"
    case invalidKey = "invalid-key"
    case duplicateKey = "duplicate-key"
    case mergeKey = "merge-key"
    case unsupportedTag = "unsupported-tag"
    case duplicateSection = "duplicate-section"
    case missingVariable = "missing-variable"
    case unterminatedVariable = "unterminated-variable"
    case invalidVariable = "invalid-variable"
    case secretUnreadable = "secret-unreadable"
    case expansionTooLarge = "expansion-too-large"
    case unknownKey = "unknown-key"
    case unsupportedKey = "unsupported-key"
    case unsupportedValue = "unsupported-value"
    case unsupportedMiddleware = "unsupported-middleware"
    case missingKey = "missing-key"
    case conflictingKeys = "conflicting-keys"
    case wrongType = "wrong-type"
    case invalidValue = "invalid-value"
    case outOfRange = "out-of-range"
    case invalidDuration = "invalid-duration"
    case invalidSize = "invalid-size"
    case invalidName = "invalid-name"
    case invalidAddress = "invalid-address"
    case invalidURL = "invalid-url"
    case invalidPath = "invalid-path"
    case invalidHost = "invalid-host"
    case invalidMethod = "invalid-method"
    case invalidHeader = "invalid-header"
    case invalidTemplate = "invalid-template"
    case duplicateName = "duplicate-name"
    case duplicateValue = "duplicate-value"
    case unknownUpstream = "unknown-upstream"
    case unknownMiddleware = "unknown-middleware"
    case tooManyErrors = "too-many-errors"
    case cannotListen = "cannot-listen"
    case cannotLog = "cannot-log"
    case testFailed = "test-failed"
    case needsRestart = "needs-restart"
    case riskySetting = "risky-setting"
    case noRoutes = "no-routes"
    case unusedUpstream = "unused-upstream"
    case unusedMiddleware = "unused-middleware"

    package var severity: ConfigDiagnostic.Severity {
        switch self {
        case .needsRestart, .riskySetting, .noRoutes, .unusedUpstream, .unusedMiddleware: .warning
        default: .error
        }
    }

    /// One sentence for the reference page.
    package var explanation: String {
        switch self {
        case .riskySetting: "The setting is allowed, and lets more in than most mean."
        case .fileUnreadable: "The file or directory cannot be read."
        case .fileTooLarge: "A configuration file is larger than 8 MiB."
        case .notUTF8: "The file is not valid UTF-8."
        case .noFiles: "The directory holds no `*.yaml` file."
        case .noConfiguration:
            "Nothing is set: the file is empty, or holds comments alone, as while it is being written."
        case .yamlSyntax: "The file is not valid YAML."
        case .multipleDocuments: "The file holds more than one YAML document (`---`)."
        case .tooDeep: "Values nest deeper than 64 levels."
        case .tooManyNodes: "The file holds more than 1,000,000 values, aliases counted as often as they are used."
        case .invalidKey: "A key is not a text, but a list or a mapping."
        case .duplicateKey: "A mapping sets the same key twice."
        case .mergeKey: "`<<` merge keys are not part of YAML 1.2 and not supported."
        case .unsupportedTag: "A value bears a YAML tag other than those of the core schema."
        case .duplicateSection: "Two files of a directory set the same section that cannot be merged."
        case .missingVariable: "`${NAME}` names an environment variable that is not set, and gives no default."
        case .unterminatedVariable: "A `${` without its `}`."
        case .invalidVariable: "What stands between `${` and `}` is neither a variable nor `file:` and a path."
        case .secretUnreadable: "The file of a `${file:…}` cannot be read, is no text, or is larger than 1 MiB."
        case .expansionTooLarge: "Variables and mounted files expand to more than 16 MiB in all."
        case .unknownKey: "The key does not exist here; the hint names the nearest one."
        case .unsupportedKey: "The key is part of the format, but this version does not implement it yet."
        case .unsupportedValue: "The value is part of the format, but this version does not implement it yet."
        case .unsupportedMiddleware: "The middleware type is built in, but this version does not implement it yet."
        case .missingKey: "A required key is missing."
        case .conflictingKeys: "Keys are set together that exclude each other, or none where one must be."
        case .wrongType: "The value has another type than the key, such as a list in place of a text."
        case .invalidValue: "The value has the right type, but is not one that the key takes."
        case .outOfRange: "A number, duration or size is outside of what the key takes."
        case .invalidDuration: "Not a duration such as `250ms`, `5s`, `1m30s` or `1h`."
        case .invalidSize: "Not a size such as `4096`, `64KiB` or `10MiB`."
        case .invalidName: "A name is empty, too long, or holds characters that names must not."
        case .invalidAddress: "Not a socket address, IP address or network."
        case .invalidURL: "Not an upstream URL `http://host[:port]`."
        case .invalidPath: "Not a path pattern: exact, with `{name}` segments, or a prefix that ends in `/*`."
        case .invalidHost: "Not a host name, and not a wildcard `*.example.com`."
        case .invalidMethod: "Not a request method."
        case .invalidHeader: "Not a field name, a value with control characters, or a field that only the gateway sets."
        case .invalidTemplate:
            "A template names a parameter that the route's path does not have, or a variable that no log line has."
        case .duplicateName: "Two things of a kind bear the same name."
        case .duplicateValue: "A list or a set of listeners holds the same value twice."
        case .unknownUpstream: "A route names an upstream that is not defined."
        case .unknownMiddleware: "A route names a middleware that is neither defined nor built in."
        case .tooManyErrors: "Reading stopped after 200 errors."
        case .cannotListen: "A listener's address cannot be bound: it is taken, not of this machine, or not allowed."
        case .cannotLog: "The output of the access log cannot be opened."
        case .testFailed: "One of the configuration's own tests failed."
        case .needsRestart: "The running gateway cannot take this change over; it takes effect when it is restarted."
        case .noRoutes: "There is no route, so that every request is answered 404."
        case .unusedUpstream: "No route uses the upstream."
        case .unusedMiddleware: "No route uses the middleware."
        }
    }
}

extension ConfigDiagnostic {
    package init(
        _ code: DiagnosticCode, _ message: String, at position: SourcePosition, path: String = "", hint: String? = nil
    ) {
        self.init(code.severity, code: code.rawValue, message, at: position, path: path, hint: hint)
    }
}
