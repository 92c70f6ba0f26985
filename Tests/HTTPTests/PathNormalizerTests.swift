import Bytes
import GatewayTesting
import HTTP
import Testing

@Suite("path normalisation, RFC 3986 §6.2.2") struct PathNormalizerTests {
    static func normalize(_ path: [UInt8]) -> Result<String, TargetError> {
        var out: [UInt8] = Array("left over".utf8)
        do throws(TargetError) {
            try PathNormalizer.normalize(path.span, into: &out)
        } catch {
            return .failure(error)
        }
        return .success(String(decoding: out, as: UTF8.self))
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var path: String
        var result: Result<String, TargetError>
        init(_ path: String, _ result: Result<String, TargetError>) {
            self.path = path
            self.result = result
        }
        var testDescription: String { path.debugDescription }
    }

    static let rows: [Row] = [
        Row("", .success("/")),
        Row("/", .success("/")),
        Row("/a", .success("/a")),
        Row("/a/", .success("/a/")),
        Row("//", .success("/")),
        Row("/a//b", .success("/a/b")),
        Row("///a///b///", .success("/a/b/")),
        Row("/.", .success("/")),
        Row("/./", .success("/")),
        Row("/a/.", .success("/a/")),
        Row("/a/./b", .success("/a/b")),
        Row("/a/..", .success("/")),
        Row("/a/../", .success("/")),
        Row("/a/b/../c", .success("/a/c")),
        Row("/a/b/../../c", .success("/c")),
        Row("/a//../b", .success("/b")),
        Row("/..", .failure(.aboveRoot)),
        Row("/../a", .failure(.aboveRoot)),
        Row("/a/../../b", .failure(.aboveRoot)),
        Row("/%2e%2e/a", .failure(.aboveRoot)),
        Row("/a/%2E./b", .success("/b")),
        Row("/a/.%2e/b", .success("/b")),
        Row("/a/%2e/b", .success("/a/b")),
        Row("/...", .success("/...")),
        Row("/.a", .success("/.a")),
        Row("/..a", .success("/..a")),
        Row("/a..", .success("/a..")),
        Row("/a.", .success("/a.")),
        Row("/.well-known/x", .success("/.well-known/x")),
        Row("/%41%7e%2D", .success("/A~-")),
        Row("/%3a%3A", .success("/%3A%3A")),
        Row("/%20%ff%c3%BC", .success("/%20%FF%C3%BC")),
        Row("/%25%32%65", .success("/%252e")),
        Row("/a;b=c,d@e!$&'()*+:|{}\"<>^`", .success("/a;b=c,d@e!$&'()*+:|{}\"<>^`")),
        Row("a", .failure(.notAbsolute)),
        Row("*", .failure(.notAbsolute)),
        Row("/%", .failure(.invalidEscape)),
        Row("/%2", .failure(.invalidEscape)),
        Row("/%2g", .failure(.invalidEscape)),
        Row("/%g2", .failure(.invalidEscape)),
        Row("/%%41", .failure(.invalidEscape)),
        Row("/%u0041", .failure(.invalidEscape)),
        Row("/a%2fb", .failure(.encodedSlash)),
        Row("/a%2Fb", .failure(.encodedSlash)),
        Row("/a%5cb", .failure(.encodedBackslash)),
        Row("/a%5Cb", .failure(.encodedBackslash)),
        Row("/a\\b", .failure(.backslash)),
        Row("/..\\a", .failure(.backslash)),
        Row("/%00", .failure(.encodedControlByte)),
        Row("/%0d%0a", .failure(.encodedControlByte)),
        Row("/%1F", .failure(.encodedControlByte)),
        Row("/%7F", .failure(.encodedControlByte)),
        Row("/a b", .failure(.invalidByte)),
        Row("/a\tb", .failure(.invalidByte)),
        Row("/a?b", .failure(.invalidByte)),
        Row("/a#b", .failure(.invalidByte)),
        Row("/ü", .failure(.invalidByte)),
        Row("/abcdefghijklm\u{7F}", .failure(.invalidByte)),
    ]

    @Test(arguments: rows) func normalizes(_ row: Row) {
        #expect(Self.normalize(Array(row.path.utf8)) == row.result)
    }

    /// `isNormal` is true exactly for the fixed points of `normalize`, wherever words of eight bytes begin.
    static func check(_ path: [UInt8]) {
        let result = normalize(path)
        let isFixed = result == .success(String(decoding: path, as: UTF8.self))
        let isNormal = PathNormalizer.isNormal(path.span)
        #expect(isNormal == isFixed, "\(String(decoding: path, as: UTF8.self))")
        if case .success(let normal) = result {
            #expect(normalize(Array(normal.utf8)) == result, "not idempotent: \(normal)")
            let bytes = Array(normal.utf8)
            let isNormal = PathNormalizer.isNormal(bytes.span)
            #expect(isNormal, "\(normal)")
        }
    }

    @Test(arguments: rows) func agreesAtEveryAlignment(_ row: Row) {
        Self.check(Array(row.path.utf8))
        for count in 1...17 {
            let prefix = "/" + String(repeating: "a", count: count)
            Self.check(Array((prefix + row.path).utf8))
            Self.check(Array((prefix + row.path + "/" + String(repeating: "b", count: count)).utf8))
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func agreesOnRandomPaths(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = ["/", "/", ".", ".", "a", "b", "%2e", "%2E", "%41", "%3a", "%3A", "%25", "-", "%7e", ";", "|"]
        for _ in 0..<2000 {
            var path = "/"
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                path += alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                let mutated = SplitInvarianceTests.mutated(Array(path.utf8), random: &random)
                // Bytes that are not UTF-8 would not survive the comparison as text.
                if mutated.allSatisfy({ $0 < 0x80 }) { Self.check(mutated) }
            } else {
                Self.check(Array(path.utf8))
            }
        }
    }

    @Test(arguments: TargetError.allCases) func everyRefusalHasAnExplanation(_ error: TargetError) {
        #expect(error.explanation.utf8CodeUnitCount > 0)
    }
}
