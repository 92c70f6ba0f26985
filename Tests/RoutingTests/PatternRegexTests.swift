import Testing

@testable import Routing

@Suite struct PatternRegexTests {
    @Test(arguments: [
        ("^/v[0-9]+/", "/v12/x", true), ("^/v[0-9]+/", "/x/v12/", false), ("b", "abc", true), ("^$", "", true),
        ("", "anything", true), ("a$", "a\n", false), ("(?i)ABC", "xabc", true), ("^.$", "\u{e9}", false),
    ])
    func matches(_ pattern: String, _ subject: String, _ expected: Bool) throws {
        let bytes = Array(subject.utf8)
        let isMatch = try PatternRegex(pattern).matches(bytes.span)
        #expect(isMatch == expected)
    }

    @Test func groupsAreRangesOfTheSubject() throws {
        let regex = try PatternRegex("(a)|(b+)")
        let bytes = Array("xbb".utf8)
        #expect(regex.groupCount == 2)
        let isMatch = regex.matches(bytes.span)
        #expect(isMatch)
        #expect(regex.group(0) == 1..<3)
        #expect(regex.group(1) == nil)
        #expect(regex.group(2) == 1..<3)
        #expect(regex.group(3) == nil)
    }

    @Test(arguments: [("a(", 2), ("[z-a]", 3), ("(*UTF)a", 6)]) func tellsWhereAPatternIsWrong(
        _ pattern: String, _ offset: Int
    ) throws {
        let error = try #require(throws: PatternError.self) { _ = try PatternRegex(pattern) }
        #expect(error.offset == offset)
        #expect(!error.message.isEmpty)
    }

    /// Exponential without a limit: 2 to the 60th steps.
    @Test func aHostileSubjectEndsAtTheLimit() throws {
        let regex = try PatternRegex("^(a+)+$")
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 60) + [UInt8(ascii: "!")]
        let isMatch = regex.matches(bytes.span)
        #expect(!isMatch)
        #expect(regex.limitHitCount == 1)
    }

    @Test(arguments: [
        ("^/api/v[0-9]", "/api/v"), ("^/a+b", "/a"), ("^/ab*", "/a"), ("^/ab?c", "/a"), ("^/a{0}", "/"), ("/a", ""),
        ("^/a|/b", ""), ("^/a\\.b", "/a.b"), ("^/a\\d", "/a"), ("^/a$", "/a"), ("^", ""), ("(?i)^/a", ""),
    ])
    func findsTheLiteralPrefix(_ pattern: String, _ expected: String) {
        #expect(String(decoding: RegexPrefix.literal(of: pattern), as: UTF8.self) == expected)
    }
}
