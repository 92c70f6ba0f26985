import AsyncHTTPClient
import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks a running gateway's admin API, for `gateway reload` and `gateway drain`.
package struct AdminClient: Sendable {
    /// The answer, whatever its status.
    package struct Answer: Sendable {
        package var status: Int
        package var text: String
        /// Values of the JSON object that the body is; empty when it is none.
        package var members: [String: AdminValue]

        /// What went wrong, in the words of the answer (RFC 9457).
        package var problem: String {
            let title = members["title"]?.text ?? "the admin API answered \(status)"
            return "error: \(title). \(members["detail"]?.text ?? "")"
        }
    }

    /// The gateway could not be asked.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private let address: String
    private let token: String
    private static let answerMax = 16 << 20

    /// - Parameter address: as in `admin.address`.
    package init(address: String, token: String) {
        self.address = address
        self.token = token
    }

    /// Whether `text` may be an `admin.address`.
    package static func isAddress(_ text: String) -> Bool { BindAddress(admin: text) != nil }

    /// - Parameters:
    ///   - path: with its query.
    ///   - limit: of the whole exchange.
    package func post(_ path: String, within limit: Duration) async throws(Failure) -> Answer {
        do {
            var configuration = HTTPClient.Configuration()
            // Where nobody listens, nobody will in ten seconds.
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.timeout.connect = .seconds(5)
            let client = HTTPClient(eventLoopGroup: ControlEventLoop.group, configuration: configuration)
            let outcome: Result<Answer, any Error>
            do {
                outcome = .success(try await send(path, by: client, within: limit))
            } catch {
                outcome = .failure(error)
            }
            try await client.shutdown()
            return try outcome.get()
        } catch {
            throw Failure(description: "error: the admin API at \(address) \(Self.words(of: error))")
        }
    }

    /// Says what may be done about it.
    private static func words(of error: any Error) -> String {
        let isConnecting = "\(error)".contains("connect")
        let hint = "\n  hint: is the gateway running, and is this its admin.address? --admin names another"
        return (isConnecting ? "cannot be reached" : "did not answer: \(error)") + hint
    }

    private func send(_ path: String, by client: HTTPClient, within limit: Duration) async throws -> Answer {
        var request = HTTPClientRequest(url: url(path))
        request.method = .POST
        // Not the name of a socket's path: a unix socket's gateway knows it by none.
        request.headers.replaceOrAdd(name: "host", value: address.hasPrefix("unix:") ? "localhost" : reachable)
        if !token.isEmpty { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let response = try await client.execute(request, timeout: .milliseconds(limit.wholeMilliseconds))
        let body = try await response.body.collect(upTo: Self.answerMax)
        let object = try? JSONSerialization.jsonObject(with: Data(buffer: body)) as? [String: Any]
        return Answer(
            status: Int(response.status.code), text: String(buffer: body),
            members: (object ?? [:]).mapValues(AdminValue.init))
    }

    private func url(_ path: String) -> String {
        guard address.hasPrefix("unix:") else { return "http://\(reachable)\(path)" }
        let socket = address.dropFirst(5)
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        let encoded = socket.addingPercentEncoding(withAllowedCharacters: allowed) ?? String(socket)
        return "http+unix://\(encoded)\(path)"
    }

    /// Listening on every address is asked on the loopback one.
    private var reachable: String {
        if address.hasPrefix("0.0.0.0:") { return "127.0.0.1:" + address.dropFirst(8) }
        if address.hasPrefix("[::]:") { return "[::1]:" + address.dropFirst(5) }
        return address
    }
}

/// A value of a JSON answer.
package enum AdminValue: Sendable {
    case text(String)
    case number(Int)
    case list([[String: AdminValue]])
    case other

    init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let number as Int: self = .number(number)
        case let list as [[String: Any]]: self = .list(list.map { $0.mapValues(AdminValue.init) })
        default: self = .other
        }
    }

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var number: Int? { if case .number(let number) = self { number } else { nil } }
    package var list: [[String: AdminValue]] { if case .list(let list) = self { list } else { [] } }
}
