import Bytes
import EventLoop
package import TLS
import Upstream

/// TLS as one worker speaks it to one upstream.
///
/// - Threads: the worker's own; the client's settings are shared, and only read.
package final class UpstreamTLS {
    private let client: TLSClient
    /// The name that certificates must be for; nil: that of each target.
    private let serverName: String?
    /// By address and target.
    private var memories: [String: TLSMemory] = [:]
    private var notedAt: Instant?

    /// - Parameter serverName: nil takes the host of each target.
    package init(_ client: TLSClient, serverName: String?) {
        self.client = client
        self.serverName = serverName
    }

    func connect(_ socket: Socket, to endpoint: Endpoint) -> TLSSession? {
        let name = serverName ?? endpoint.hostName
        // An upstream has few addresses; a bound all the same, for those that come and go.
        if memories.count > 1024 { memories.removeAll() }
        let memory = memories[endpoint.label] ?? TLSMemory()
        memories[endpoint.label] = memory
        return client.connect(
            descriptor: socket.descriptor, name: name, isAddress: IPAddress(name) != nil, memory: memory)
    }

    /// Failures come in floods.
    func mayNote(now: Instant) -> Bool {
        if let notedAt, now.nanoseconds(since: notedAt) < 1_000_000_000 { return false }
        notedAt = now
        return true
    }
}

extension Endpoint {
    /// The host of its target, without port and brackets.
    fileprivate var hostName: String {
        let text = String(decoding: hostHeader, as: UTF8.self)
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text[..<end].dropFirst()) }
        return text.split(separator: ":", maxSplits: 1).first.map(String.init) ?? text
    }
}
