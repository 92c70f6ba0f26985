import Foundation
import HTTP
import Testing

/// Each file of `Cases` is one input with the verdict on it.
///
/// Line 1 is `request`, `response` or `chunked`, and `accepted` or the error. The lines below are the input: line ends
/// of the file do not count, `\r \n \t \0 \\ \xHH` stand for bytes.
@Suite struct CorpusTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases")
    static let names =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).filter {
            $0.hasSuffix(".http")
        }.sorted()

    @Test func isNotEmpty() {
        #expect(Self.names.count >= 28)
    }

    @Test(arguments: names) func verdict(_ name: String) throws {
        let text = try String(contentsOf: Self.directory.appending(path: name), encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let head = lines.removeFirst().split(separator: " ")
        try #require(head.count == 2)
        let bytes = try Self.unescape(lines.joined())
        let verdict: String
        switch head[0] {
        case "request": verdict = Self.describe(parseRequest(bytes, ends: [bytes.count]))
        case "response": verdict = Self.describe(parseResponse(bytes, ends: [bytes.count]))
        default: verdict = Self.describe(ChunkedDecoderTests.decode(bytes, ends: [bytes.count]))
        }
        #expect(verdict == head[1])
    }

    static func describe(_ outcome: RequestOutcome) -> String {
        switch outcome {
        case .complete: "accepted"
        case .incomplete: "incomplete"
        case .refused(let error): "\(error)".replacing("HTTP.FieldError.", with: "")
        }
    }

    static func describe(_ outcome: ResponseOutcome) -> String {
        switch outcome {
        case .complete: "accepted"
        case .incomplete: "incomplete"
        case .refused(let error): "\(error)".replacing("HTTP.FieldError.", with: "")
        }
    }

    static func describe(_ outcome: ChunkedDecoderTests.Outcome) -> String {
        switch outcome {
        case .body: "accepted"
        case .incomplete: "incomplete"
        case .refused(let error): "\(error)".replacing("HTTP.FieldError.", with: "")
        }
    }

    static func unescape(_ text: String) throws -> [UInt8] {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "0"): out.append(0)
            case UInt8(ascii: "\\"): out.append(0x5C)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                out.append(try #require(UInt8(digits, radix: 16)))
                rest = rest.dropFirst(2)
            default: Issue.record("unknown escape")
            }
        }
        return out
    }
}
