import ConfigProperties
import HTTPProperties
import ScriptProperties

/// What can be fuzzed; the raw value names the target's directories under `corpus` and `crashers`.
enum FuzzTarget: String, CaseIterable {
    case requestHead = "request-head"
    case responseHead = "response-head"
    case chunkedBody = "chunked-body"
    case path
    case logText = "log-text"
    case yaml
    case script
    case scriptModules = "script-modules"
    case scriptPatterns = "script-patterns"
    case token

    /// What is wrong with how the gateway treats `input`; nil when it is as it should be.
    func violation(_ input: [UInt8]) -> String? {
        switch self {
        case .requestHead: RequestHeadProperty.violation(input)
        case .responseHead: ResponseHeadProperty.violation(input)
        case .chunkedBody: ChunkedBodyProperty.violation(input)
        case .path: PathProperty.violation(input)
        case .logText: LogTextProperty.violation(input)
        case .yaml: ConfigProperty.violation(input)
        case .script: ScriptProperty.violation(input)
        case .scriptModules: ModuleProperty.violation(input)
        case .scriptPatterns: MatcherProperty.violation(input)
        case .token: TokenProperty.violation(input)
        }
    }
}
