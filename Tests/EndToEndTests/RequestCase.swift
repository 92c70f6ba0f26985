import GatewayTesting
import Testing

/// One row of `Cases/*.http`: raw bytes for the gateway and what must come of them. `Cases/README.md` has the format.
struct RequestCase: Sendable, CustomTestStringConvertible {
    enum Connection: Sendable { case closes, staysOpen, either }

    enum Reach: Sendable {
        /// No byte of it.
        case nothing
        /// A head and a part of the body at most: the framing broke after the head was forwarded.
        case incomplete
        /// As many whole requests as there are 2xx answers.
        case whole
        case anything
    }

    /// What the upstream must have received for one forwarded request.
    struct Forwarded: Sendable {
        var startLine: String
        var fields: [HTTPMessage.Field] = []
        var absent: [String] = []
        var body: String?
        var trailers: [HTTPMessage.Field] = []
    }

    var file: String
    var name: String
    var bytes: [UInt8] = []
    /// The allowed statuses of each answer in order; 0 stands for a connection that ends without an answer.
    var answers: [Set<Int>] = []
    var connection = Connection.closes
    var reach = Reach.nothing
    /// The client sends FIN after its bytes.
    var finishes = false
    var forwarded: [Forwarded] = []

    var testDescription: String { "\(file): \(name)" }

    static func all(in directory: String) throws -> [RequestCase] {
        let paths = RepositoryFiles.list(directory, suffix: ".http")
        guard !paths.isEmpty else { throw TestingFailure("no cases in \(directory)") }
        return try paths.flatMap { path in
            let file = path.split(separator: "/").last.map(String.init) ?? path
            return try parse(RepositoryFiles.text(path), file: file)
        }
    }

    static func parse(_ text: String, file: String) throws -> [RequestCase] {
        var cases: [RequestCase] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("=== ") {
                cases.append(RequestCase(file: file, name: String(line.dropFirst(4))))
                continue
            }
            if line.hasPrefix("# ") { continue }
            guard var last = cases.popLast() else { throw TestingFailure("\(file): bytes before the first ===") }
            if line.hasPrefix("> ") {
                try last.expect(line.dropFirst(2))
            } else if line.hasPrefix("< ") {
                last.forwarded.append(Forwarded(startLine: String(line.dropFirst(2))))
            } else if line.hasPrefix("<") {
                try last.expectOfForwarded(line.dropFirst(1))
            } else {
                last.bytes += try unescape(line)
            }
            cases.append(last)
        }
        return cases
    }

    /// `> 200,400|501 close partial fin`
    private mutating func expect(_ line: Substring) throws {
        let words = line.split(separator: " ")
        answers = words[0].split(separator: ",").map { Set($0.split(separator: "|").map { Int($0) ?? 0 }) }
        reach = answers.contains { $0.contains { (200..<300).contains($0) } } ? .whole : .nothing
        for word in words.dropFirst() {
            switch word {
            case "close": connection = .closes
            case "open": connection = .staysOpen
            case "either": connection = .either
            case "partial": reach = .incomplete
            case "unseen": reach = .nothing
            case "any": reach = .anything
            case "fin": finishes = true
            default: throw TestingFailure("\(file): \(name): unknown word \(word)")
            }
        }
    }

    /// `<: name: value`, `<- name`, `<= body`, `<+ trailer: value`
    private mutating func expectOfForwarded(_ line: Substring) throws {
        guard !forwarded.isEmpty, line.count >= 2 else { throw TestingFailure("\(file): \(name): \(line)") }
        let text = line.dropFirst(2)
        switch line.first {
        case ":": forwarded[forwarded.count - 1].fields.append(Self.field(text))
        case "+": forwarded[forwarded.count - 1].trailers.append(Self.field(text))
        case "-": forwarded[forwarded.count - 1].absent.append(String(text))
        case "=":
            let body = String(decoding: try Self.unescape(text), as: UTF8.self)
            forwarded[forwarded.count - 1].body = body
        default: throw TestingFailure("\(file): \(name): \(line)")
        }
    }

    private static func field(_ text: Substring) -> HTTPMessage.Field {
        let name = text.prefix { $0 != ":" }
        return .init(name: String(name), value: String(text.dropFirst(name.count + 2)))
    }

    /// `\r \n \t \0 \\ \xHH`, and `\{TEXT*COUNT}` for TEXT that many times.
    static func unescape(_ text: Substring) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let character = rest.popFirst() {
            guard character == "\\" else {
                bytes += String(character).utf8
                continue
            }
            switch rest.popFirst() {
            case "r": bytes.append(13)
            case "n": bytes.append(10)
            case "t": bytes.append(9)
            case "0": bytes.append(0)
            case "\\": bytes.append(92)
            case "x":
                guard let byte = UInt8(rest.prefix(2), radix: 16) else { throw TestingFailure("bad \\x: \(text)") }
                bytes.append(byte)
                rest = rest.dropFirst(2)
            case "{":
                guard let end = rest.firstIndex(of: "}"), let star = rest[..<end].lastIndex(of: "*"),
                    let count = Int(rest[rest.index(after: star)..<end])
                else { throw TestingFailure("bad repetition: \(text)") }
                let piece = try unescape(rest[..<star])
                for _ in 0..<count { bytes += piece }
                rest = rest[rest.index(after: end)...]
            default: throw TestingFailure("unknown escape: \(text)")
            }
        }
        return bytes
    }
}
