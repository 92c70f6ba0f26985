import Bytes
package import Config
import Crypto
import HTTP
import Telemetry

/// `api-key`: finds the key of a request among those whose hashes the configuration has.
///
/// - Threads: one worker's own.
package final class APIKeyAuthenticator: Authenticator {
    package let name: String
    package let challenge: [UInt8]
    private let sources: [CredentialSource]
    private let keys: [APIKeyFilterConfig.Key]
    private let identities: [ClientIdentity]
    /// By the first eight bytes of the hash.
    private let places: HashPlaces
    private let scopes: [[UInt8]]
    private let forwards: Bool
    private let consumerHeader: [UInt8]?

    static let keyMax = 512

    package init(name: String, _ config: APIKeyFilterConfig) {
        self.name = name
        let keys = config.keys + config.fileKeys
        self.keys = keys
        let takesAuthorization = config.sources.contains { $0.place == .header && $0.name == "authorization" }
        challenge =
            takesAuthorization
            ? Array("\(config.scheme) realm=\"\(config.realm.replacing("\"", with: "'"))\"".utf8) : []
        sources = config.sources.map { CredentialSource($0, scheme: config.scheme) }
        scopes = config.scopes.map { Array($0.utf8) }
        forwards = config.forward
        consumerHeader = config.consumerHeader.map { Array($0.lowercased().utf8) }
        identities = keys.map(Self.identity)
        places = HashPlaces(keys.map { KeyHash($0.hash) })
    }

    private static func identity(_ key: APIKeyFilterConfig.Key) -> ClientIdentity {
        let consumer = key.consumer ?? key.id
        let json = JSONValue.object([
            .init(key: "scheme", value: "api-key"), .init(key: "subject", value: .string(key.id)),
            .init(key: "consumer", value: .string(consumer)),
            .init(key: "scopes", value: .array(key.scopes.map { .string($0) })),
        ])
        return ClientIdentity(
            scheme: "api-key", consumer: Array(consumer.utf8), subject: Array(key.id.utf8),
            scopes: key.scopes.map { Array($0.utf8) }, json: Array(json.compact.utf8))
    }

    package func clean(_ exchange: any FilterExchange) {
        if let consumerHeader { exchange.removeSpellings(of: consumerHeader) }
    }

    package func authenticate(_ exchange: any FilterExchange) -> AuthenticationOutcome {
        var outcome: AuthenticationOutcome?
        for index in sources.indices {
            let finding = sources[index].withCredential(of: exchange) { key in
                outcome = check(key, now: exchange.host.wallNanoseconds / 1_000_000_000)
            }
            switch finding {
            case .found: return outcome ?? .refused(.malformed)
            case .ambiguous: return .refused(.malformed)
            case .absent: continue
            }
        }
        return .refused(.missing)
    }

    package func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange) {
        if !forwards { for source in sources { source.strip(from: exchange) } }
        if let consumerHeader { exchange.requestEdits.set(consumerHeader, identity.consumer) }
    }

    package func admitAnonymous(_ exchange: any FilterExchange) {
        if !forwards { for source in sources { source.strip(from: exchange) } }
    }

    /// - Parameter now: Unix time in seconds.
    func check(_ key: Span<UInt8>, now: Int64) -> AuthenticationOutcome {
        guard key.count <= Self.keyMax else { return .refused(.malformed) }
        guard let index = places.find(KeyHash(of: key)) else { return .refused(.invalid, error: "invalid_token") }
        if let expires = keys[index].expires, now >= expires { return .refused(.expired, error: "invalid_token") }
        let identity = identities[index]
        guard scopes.isEmpty || scopes.allSatisfy({ identity.scopes.contains($0) }) else {
            return .forbidden(.forbidden, scope: Array(scopes.joined(separator: [UInt8(ascii: " ")])))
        }
        return .granted(identity)
    }
}
