import ArgumentParser
import Config
import ControlPlane
import Crypto
import Foundation

/// Keys of `api-key` filters.
struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make keys for api-key filters.", subcommands: [KeyNew.self])
}

struct KeyNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key: prints it once, and the entry to add, which holds its hash alone.")

    @Option(help: "What logs and metrics call it.") var id: String?
    @Option(help: "Whose it is.") var consumer: String?
    @Option(help: "What it may be used for; may be repeated.") var scope: [String] = []
    @Option(help: "When it ends: a date such as 2027-01-31, or in so many days, such as 90d.") var expires: String?
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let body = Data(random).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let prefix = String(body.prefix(8))
        let key = "gwk_\(body)"
        let hash = SHA256.hash(data: Data(key.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let name = id ?? "key-\(prefix)"
        var entry: [(String, String)] = [("id", name), ("hash", "sha256:\(hash)")]
        if let consumer { entry.append(("consumer", consumer)) }
        if !scope.isEmpty { entry.append(("scopes", scope.joined(separator: ", "))) }
        if let date = try expiry() { entry.append(("expires", date)) }
        var members: [(String, JSONText)] = [("key", .string(key))]
        members += entry.map { name, value in
            (name, name == "scopes" ? .array(scope.map { .string($0) }) : .string(value))
        }
        let yaml = entry.map { name, value in
            "\(name): \(name == "scopes" ? "[\(scope.map(Self.quoted).joined(separator: ", "))]" : Self.quoted(value))"
        }
        format.show(
            text: "\(key)\n\nThis is the only time that the key is shown. Add to the filter's keys, or to its file:\n\n"
                + "- { \(yaml.joined(separator: ", ")) }",
            json: .object(members))
    }

    private func expiry() throws -> String? {
        guard let expires else { return nil }
        let formatter = ISO8601DateFormatter()
        if expires.hasSuffix("d"), let days = Int(expires.dropLast()), days > 0 {
            return formatter.string(from: Date().addingTimeInterval(Double(days) * 86_400))
        }
        guard UnixTime.seconds(parsing: expires) != nil else {
            throw ValidationError("\(expires) is neither a date such as 2027-01-31 nor a number of days such as 90d")
        }
        return expires
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
