import Config
import Crypto
import Foundation
import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct APIKeyAuthenticatorTests {
    private func key(_ id: String, _ text: String, expires: Int64? = nil, scopes: [String] = [])
        -> APIKeyFilterConfig.Key
    {
        APIKeyFilterConfig.Key(
            id: id, hash: Array(SHA256.hash(data: Data(text.utf8))), consumer: id == "two" ? "bob" : nil,
            scopes: scopes, expires: expires)
    }

    private func authenticator(_ change: (inout APIKeyFilterConfig) -> Void = { _ in }) -> APIKeyAuthenticator {
        var config = APIKeyFilterConfig()
        config.keys = [key("one", "first"), key("two", "second", expires: 100, scopes: ["read"])]
        change(&config)
        return APIKeyAuthenticator(name: "keys", config)
    }

    private func decide(_ text: String, by authenticator: APIKeyAuthenticator, now: Int64 = 0) -> AuthDecision? {
        let bytes = Array(text.utf8)
        return authenticator.check(bytes.span, now: now).decision
    }

    @Test(
        arguments: [
            ("first", 0, AuthDecision.granted), ("second", 99, .granted), ("second", 100, .expired),
            ("First", 0, .invalid),
            ("first ", 0, .invalid), ("", 0, .invalid), ("f\u{0}irst", 0, .invalid),
            (String(repeating: "k", count: 512), 0, .invalid), (String(repeating: "k", count: 513), 0, .malformed),
        ] as [(String, Int64, AuthDecision)])
    func decides(_ text: String, _ now: Int64, _ decision: AuthDecision) {
        #expect(decide(text, by: authenticator(), now: now) == decision)
    }

    @Test func scopesAreAskedFor() {
        let reading = authenticator { $0.scopes = ["read"] }
        #expect(decide("first", by: reading) == .forbidden)
        #expect(decide("second", by: reading) == .granted)
    }

    @Test func keysAreTakenOutAndConsumersPutIn() throws {
        let authenticator = authenticator {
            $0.consumerHeader = "X-Consumer"
            $0.sources = [CredentialSourceConfig(.header, "x-api-key"), CredentialSourceConfig(.query, "key")]
        }
        let exchange = FakeFilterExchange()
        exchange.fakeHost.wallNanoseconds = 0
        exchange.receive("GET /a?key=second&b=1 HTTP/1.1", "Host: a", "X-Consumer: root", "x_consumer: root")
        authenticator.clean(exchange)
        guard case .granted(let identity) = authenticator.authenticate(exchange) else {
            Issue.record("refused")
            return
        }
        authenticator.admit(identity, exchange)
        #expect(identity.consumer == Array("bob".utf8))
        #expect(
            String(decoding: identity.json, as: UTF8.self)
                == #"{ "scheme": "api-key", "subject": "two", "consumer": "bob", "scopes": ["read"] }"#)
        let edits = exchange.requestEdits.description
        #expect(edits.contains("=x-consumer: bob") && edits.contains("-x_consumer") && edits.contains("-x-api-key"))
        #expect(exchange.texts[.query].map { String(decoding: $0, as: UTF8.self) } == "b=1")
    }

    /// One of several lets a request pass; what is told of a refusal is what was tried.
    @Test func anyOfSeveralGrants() throws {
        var jwt = JWTFilterConfig()
        var issuer = JWTIssuerConfig()
        issuer.keys = .secret(JWTAuthenticatorTests.secret)
        jwt.issuers = [issuer]
        let tokens = try #require(JWTAuthenticator(name: "jwt", jwt, cells: JWTKeyCells()))
        let registry = MetricRegistry(workerCount: 1, methodNames: [])
        let shard = registry.makeShard(worker: 0)
        let series = ["jwt", "keys"].map { AuthenticationSeries(shard: shard, filter: registry.filters.id(for: $0)) }
        let filter = AuthenticationFilter(
            name: "any", authenticators: [tokens, authenticator()], isOptional: false, series: series)
        func run(_ lines: String...) -> (FilterVerdict, FakeFilterExchange) {
            let exchange = FakeFilterExchange()
            exchange.fakeHost.wallNanoseconds = JWTAuthenticatorTests.now * 1_000_000_000
            exchange.receive("GET / HTTP/1.1", "Host: a", lines[0], lines.count > 1 ? lines[1] : "X-A: b")
            return (filter.onRequest(exchange), exchange)
        }
        #expect(run("X-Api-Key: first").0.isProceed)
        #expect(run("Authorization: Bearer \(JWTAuthenticatorTests.hs256(JWTAuthenticatorTests.good))").0.isProceed)
        #expect(run("Authorization: Bearer x", "X-Api-Key: first").0.isProceed)
        guard case .respond(let none) = run("X-B: c").0, case .respond(let bad) = run("Authorization: Bearer x").0
        else {
            Issue.record("it passed")
            return
        }
        #expect(none.status == 401 && bad.status == 401)
        #expect(none.headers.map { String(decoding: $0.value, as: UTF8.self) } == [#"Bearer realm="gateway""#])
        #expect(
            bad.headers.map { String(decoding: $0.value, as: UTF8.self) } == [
                #"Bearer realm="gateway", error="invalid_token""#
            ])
        #expect(run("X-B: c").1.authDecision == .missing)
        let counts = registry.counts(of: .authDecisions)
        #expect(counts.contains { $0.labels == ["keys", "granted"] && $0.value == 2 }, "\(counts)")
    }

    @Test func optionalLetsNobodyPassWithABadKey() {
        let registry = MetricRegistry(workerCount: 1, methodNames: [])
        let series = AuthenticationSeries(shard: registry.makeShard(worker: 0), filter: registry.filters.id(for: "k"))
        let filter = AuthenticationFilter(
            name: "k", authenticators: [authenticator()], isOptional: true, series: [series])
        let (without, bad) = (FakeFilterExchange(), FakeFilterExchange())
        without.receive("GET / HTTP/1.1", "Host: a")
        bad.receive("GET / HTTP/1.1", "Host: a", "X-Api-Key: nonsense")
        #expect(filter.onRequest(without).isProceed)
        #expect(without.authDecision == .anonymous && without.identity == nil)
        #expect(!filter.onRequest(bad).isProceed)
    }
}

@Suite struct FieldSpellingTests {
    @Test(arguments: [
        ("x_user_id", true), ("X-User_Id", true), ("x_user-id", true), ("x-user-id", false), ("x_user_ix", false),
        ("x-user-i_", false),
    ])
    func otherSpellings(_ text: String, _ isOther: Bool) {
        let own = Array(text.utf8)
        #expect(FieldSpelling.isOther(own.span, of: Array("x-user-id".utf8)) == isOther)
    }

    @Test func mixedSpellingsAreLeftOut() {
        let exchange = FakeFilterExchange()
        exchange.receive("GET / HTTP/1.1", "Host: a", "X-User_Id: 1", "x_user_id: 2", "X-User-Id: 3")
        exchange.removeSpellings(of: Array("x-user-id".utf8))
        #expect(exchange.requestEdits.description == "-x-user-id\n-X-User_Id\n-x_user_id")
    }
}
