import Foundation
import Synchronization

/// An upstream whose behaviour a test writes down: one thread per connection runs the script.
///
/// Everything that arrives is recorded, so that a test can say what reached the upstream and what did not.
package final class ScriptedUpstream: Sendable {
    package typealias Script = @Sendable (UpstreamSession) throws -> Void
    package typealias Answer = @Sendable (HTTPMessage, UpstreamSession) throws -> Void

    private struct State {
        var requests: [HTTPMessage] = []
        var answers: [String: Answer] = [:]
        var connectionCount = 0
    }

    private let listener: ListeningSocket
    private let state = Mutex(State())

    package var port: UInt16 { listener.port }
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Runs `script` for each connection; what it throws ends that connection only.
    package init(port: UInt16 = 0, script: @escaping Script) throws {
        listener = try ListeningSocket(port: port)
        Thread.detachNewThread { [weak self, listener] in
            while let socket = listener.accept() {
                guard let self else { return socket.close() }
                let session = UpstreamSession(socket, upstream: self)
                state.withLock {
                    $0.connectionCount += 1
                    session.ordinal = $0.connectionCount
                }
                Thread.detachNewThread {
                    try? script(session)
                    session.socket.close()
                }
            }
        }
    }

    /// Answers each request of each connection in turn: by `answer`, unless one was set for its path.
    package convenience init(port: UInt16 = 0, answering answer: @escaping Answer = { try $1.respond("ok") }) throws {
        try self.init(port: port) { session in
            while let request = try session.readRequest(), request.isComplete {
                try (session.upstream?.answer(for: request) ?? answer)(request, session)
                if session.isFinished { return }
            }
        }
    }

    deinit { listener.close() }

    /// Refuses connections from now on; those that are open stay.
    package func stopListening() { listener.close() }

    /// Sets the answer to requests whose path (without query) is `path`.
    package func on(_ path: String, _ answer: @escaping Answer) {
        state.withLock { $0.answers[path] = answer }
    }

    private func answer(for request: HTTPMessage) -> Answer? {
        let path = String(request.target.prefix { $0 != "?" })
        return state.withLock { $0.answers[path] }
    }

    func record(_ request: HTTPMessage) { state.withLock { $0.requests.append(request) } }

    /// Every request whose head arrived, complete or broken, in order of arrival.
    package var requests: [HTTPMessage] { state.withLock { $0.requests } }
    package var connectionCount: Int { state.withLock { $0.connectionCount } }

    package func requests(to path: String) -> [HTTPMessage] {
        requests.filter { $0.target.prefix { $0 != "?" } == path }
    }

    package func waitForRequests(_ count: Int, to path: String, before deadline: Deadline = .usual) throws {
        try waitUntil("\(count) requests to \(path) at the upstream", before: deadline) {
            requests(to: path).count >= count
        }
    }
}

/// One connection as the upstream's script sees it.
///
/// - Threads: the script's; `open` on a `Gate` is how a test talks to it.
package final class UpstreamSession: @unchecked Sendable {
    package let socket: StreamSocket
    package let reader: MessageReader
    /// 1 for the first connection this upstream accepted. Written once, before the script's thread starts.
    package internal(set) var ordinal = 0
    /// Set by an answer after which no further request is read from the connection.
    package var isFinished = false
    package private(set) weak var upstream: ScriptedUpstream?

    init(_ socket: StreamSocket, upstream: ScriptedUpstream) {
        self.socket = socket
        self.upstream = upstream
        reader = MessageReader(socket)
    }

    /// The next whole request, recorded; nil when the gateway closed the connection. Waits up to two minutes, as an
    /// idle pooled connection does.
    package func readRequest() throws -> HTTPMessage? {
        guard let request = try reader.readRequest(before: .after(.seconds(120))) else { return nil }
        upstream?.record(request)
        return request
    }

    /// The next request's head, recorded; its body stays unread.
    package func readRequestHead() throws -> HTTPMessage? {
        guard let request = try reader.readRequestHead(before: .after(.seconds(120))) else { return nil }
        upstream?.record(request)
        return request
    }

    package func send(_ text: String) throws { try socket.send(Array(text.utf8)) }
    package func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

    /// A whole response with a length.
    package func respond(_ body: String, status: String = "200 OK", fields: [String] = []) throws {
        let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + fields
        try send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Sends FIN and reads no further request.
    package func close() {
        isFinished = true
        socket.close()
    }

    /// Sends RST and reads no further request.
    package func reset() {
        isFinished = true
        socket.reset()
    }

    /// Says nothing until the gateway gives up on the connection.
    package func staySilent() {
        isFinished = true
        _ = try? reader.readToEnd(before: .after(.seconds(60)))
    }
}

/// Lets one thread wait until another says go.
package final class Gate: Sendable {
    private let isOpen = Atomic(false)

    package init() {}

    package func open() { isOpen.store(true, ordering: .releasing) }

    package func wait(_ what: String = "gate", before deadline: Deadline = .usual) throws {
        try waitUntil(what, before: deadline) { isOpen.load(ordering: .acquiring) }
    }
}
