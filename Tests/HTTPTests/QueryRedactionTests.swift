import HTTP
import Testing

@Suite struct QueryRedactionTests {
    private let redaction = QueryRedaction(["token", "API_KEY"])

    @Test(arguments: [
        ("a=1&b=2", "a=1&b=2"), ("token=abc", "token=redacted"), ("a=1&token=abc&b=2", "a=1&token=redacted&b=2"),
        ("TOKEN=abc", "TOKEN=redacted"), ("%74oken=abc", "%74oken=redacted"), ("t%6Fken=a%26b", "t%6Fken=redacted"),
        ("api_key=x;token=y", "api_key=redacted;token=redacted"), ("token=a=b&c", "token=redacted&c"),
        ("mytoken=abc", "mytoken=abc"), ("tokens=abc", "tokens=abc"), ("token", "token"), ("token=", "token=redacted"),
        ("https://a.example/p?x=1&token=abc#f", "https://a.example/p?x=1&token=redacted#f"),
        ("a?token=b", "a?token=redacted"), ("", ""), ("%", "%"), ("=", "="), ("%7=x", "%7=x"),
    ])
    func valuesOfNamedParametersGo(_ query: String, _ expected: String) {
        let bytes = Array(query.utf8)
        var redacted: [UInt8] = []
        redaction.redact(bytes.span, into: &redacted)
        #expect(String(decoding: redacted, as: UTF8.self) == expected)
    }

    @Test func mostTextsAreNotLookedAtTwice() {
        let (plain, pair) = (Array("abc".utf8), Array("a=b".utf8))
        let (concernsPlain, concernsPair) = (redaction.concerns(plain.span), redaction.concerns(pair.span))
        #expect(!concernsPlain && concernsPair)
        let concernsNothing = QueryRedaction([]).concerns(pair.span)
        #expect(!concernsNothing)
    }
}
