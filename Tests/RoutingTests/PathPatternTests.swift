import HTTP
import Testing

@testable import Routing

@Suite struct PathPatternTests {
    /// Literals must be what requests are normalised to, else a route could never match.
    @Test(arguments: [
        "/", "/a", "/a/", "/a/b", "/café", "/a b", "/%7euser", "/%c3%a9", "/a%20b", "/a:b@c;d=e,f", "/\"<|>^`'", "/%25",
        "/~",
        "/...", "/.a", "/a..",
    ])
    func literalsAreInTheNormalFormOfRequests(_ text: String) throws {
        let pattern = try PathPattern(parsing: text)
        var path: [UInt8] = []
        for segment in pattern.segments {
            guard case .literal(let bytes) = segment else { continue }
            path += [UInt8(ascii: "/")] + bytes
        }
        let isNormal = PathNormalizer.isNormal(path.span)
        #expect(isNormal)
        #expect(pattern.mismatch(path) == nil)
    }

    @Test func everyByteIsTakenOrEscapedAsRequestsAre() {
        for byte in UInt8(0x21)..<0x7F {
            let path = [UInt8(ascii: "/"), byte]
            let isNormal = PathNormalizer.isNormal(path.span)
            let isDotOrSlash = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
            #expect(isNormal == PathBytes.isAllowed(byte) || isDotOrSlash, "byte \(byte)")
        }
    }

    @Test(arguments: [
        ("/a/{id}/*", ["id"], true, 2), ("/*", [], true, 0), ("/{a}/{b_2}", ["a", "b_2"], false, 2),
        ("/a/", [], false, 2),
    ])
    func parses(_ text: String, _ names: [String], _ isPrefix: Bool, _ segmentCount: Int) throws {
        let pattern = try PathPattern(parsing: text)
        #expect(pattern.parameterNames == names)
        #expect(pattern.isPrefix == isPrefix)
        #expect(pattern.segments.count == segmentCount)
    }

    @Test func depthIsLimited() {
        let text = String(repeating: "/a", count: PathPattern.segmentCountMax + 1)
        #expect(throws: PathPattern.Problem.self) { _ = try PathPattern(parsing: text) }
    }
}
