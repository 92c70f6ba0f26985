import Bytes
import Foundation

/// A request to the admin API, without its server.
package struct AdminRequest: Sendable {
    package enum Peer: Sendable, Equatable {
        /// This machine: a loopback address.
        case loopback
        /// A unix socket: whoever its file's permissions let in.
        case unixSocket
        case other
    }

    package var method: String
    /// As in the request target, without its query.
    package var path: String
    /// Names and values, decoded, in order.
    package var query: [(name: String, value: String)] = []
    package var accept: String?
    package var authorization: String?
    package var host: String?
    package var origin: String?
    /// `Sec-Fetch-Site`, which browsers set and pages cannot.
    package var fetchSite: String?
    package var peer = Peer.loopback

    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }

    /// The parameters of a query as forms write it: `+` is a space. What is not well-formed stays as it is.
    package static func parameters(ofQuery query: String) -> [(name: String, value: String)] {
        func decoded(_ text: Substring) -> String {
            let spaced = text.split(separator: "+", omittingEmptySubsequences: false).joined(separator: " ")
            return spaced.removingPercentEncoding ?? spaced
        }
        return query.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(pair[0]), pair.count > 1 ? decoded(pair[1]) : "")
        }
    }

    func values(of name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }
}

/// Who may change anything through the admin API.
enum AdminAccess {
    enum Verdict: Equatable {
        case allowed
        case unauthenticated
        case forbidden(String)
    }

    /// With a token, whoever presents it. Without one, this machine alone; and then no web page that a browser on it
    /// shows, since those may send requests to loopback addresses too.
    static func verdict(_ request: AdminRequest, token: String) -> Verdict {
        if !token.isEmpty {
            guard let sent = bearer(request.authorization) else { return .unauthenticated }
            return isEqual(sent, token) ? .allowed : .unauthenticated
        }
        if request.peer == .unixSocket { return .allowed }
        guard request.peer == .loopback else {
            return .forbidden("Without admin.token, only this machine may change anything.")
        }
        if let site = request.fetchSite, site != "same-origin", site != "none" {
            return .forbidden("Requests of other sites' pages are not obeyed.")
        }
        guard isLocal(request.host) else {
            return .forbidden("The Host is not an address of this machine, as when a name was rebound to it.")
        }
        if let origin = request.origin, origin != "http://\(request.host ?? "")" {
            return .forbidden("Requests of other sites' pages are not obeyed.")
        }
        return .allowed
    }

    /// Whether configuration and events may be told: not to a page of another site in a browser on this machine, which
    /// reads loopback addresses under a name of its own that it has rebound to them.
    static func mayRead(_ request: AdminRequest) -> Bool { request.peer != .loopback || isLocal(request.host) }

    private static func bearer(_ authorization: String?) -> String? {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return nil }
        return String(parts[1])
    }

    /// In a time that does not tell how much of it is right.
    private static func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    private static func isLocal(_ host: String?) -> Bool {
        guard let host else { return true }
        var name = host[...]
        if name.hasPrefix("[") {
            name = name.dropFirst().prefix { $0 != "]" }
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return name == "localhost" || IPAddress(String(name))?.isLoopback == true
    }
}
