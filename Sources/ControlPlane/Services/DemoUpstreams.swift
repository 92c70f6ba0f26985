import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Small HTTP servers on free loopback ports, which answer every request, after a while, with what it was asked.
/// `gateway demo` puts them behind the gateway.
package struct DemoUpstreams: Service {
    /// By name, the time from request to answer.
    private let delays: [String: Duration]
    private let whenListening: @Sendable ([String: Int]) -> Void

    /// - Parameter whenListening: called once, with the port of each name.
    package init(
        delays: [String: Duration], whenListening: @escaping @Sendable ([String: Int]) -> Void
    ) {
        self.delays = delays
        self.whenListening = whenListening
    }

    /// Runs until cancelled.
    package func run() async throws {
        let ports = PortCollection(count: delays.count)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (name, delay) in delays {
                let application = application(name: name, delay: delay) { port in
                    if let all = ports.add(name, port) { whenListening(all) }
                }
                tasks.addTask { try await application.run() }
            }
            try await tasks.waitForAll()
        }
    }

    private func application(
        name: String, delay: Duration, whenListening: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol {
        Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                if delay > .zero { try await Task.sleep(for: delay) }
                return Self.echo(request, from: name)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in whenListening(channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(ControlEventLoop.group),
            // That they are cut off when the demonstration ends is no news.
            logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func echo(_ request: Request, from name: String) -> Response {
        let fields = request.headers.prefix(100).map { ($0.name.rawName, JSONText.string($0.value)) }
        let text = JSONText.object([
            ("upstream", .string(name)), ("method", .string(request.method.rawValue)),
            ("target", .string(request.head.path ?? "")), ("host", .string(request.head.authority ?? "")),
            ("headers", .object(fields)),
        ])
        let body = ResponseBody(byteBuffer: ByteBuffer(string: text.pretty + "\n"))
        let response = Response(status: .ok, headers: [.contentType: "application/json"], body: body)
        return request.method == .head ? response.createHeadResponse() : response
    }
}

/// Gathers the port of each server; whoever adds the last one gets them all.
private final class PortCollection: Sendable {
    private let count: Int
    private let ports = Mutex<[String: Int]>([:])

    init(count: Int) {
        self.count = count
    }

    func add(_ name: String, _ port: Int) -> [String: Int]? {
        ports.withLock { ports in
            ports[name] = port
            return ports.count == count ? ports : nil
        }
    }
}
