import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves the admin API on its own address and a single thread, until a graceful shutdown.
///
/// - Limits: 256 connections, idle ones closed after 60 s.
/// - Errors: `StartFailure` when the address cannot be bound.
package struct AdminServer: Service {
    private static let connectionsMax = 256

    private let address: String
    private let api: AdminAPI
    private let logger: Logger
    private let whenBound: @Sendable (Int?) -> Void

    /// - Parameters:
    ///   - address: `host:port`, `[v6]:port` or `unix:/path`.
    ///   - whenBound: called once, when connections are accepted; with the port, unless it is a unix socket.
    package init(
        address: String, status: any GatewayStatus, logger: Logger, whenBound: @escaping @Sendable (Int?) -> Void
    ) {
        self.address = address
        api = AdminAPI(status: status)
        self.logger = logger
        self.whenBound = whenBound
    }

    package func run() async throws {
        guard let address = BindAddress(admin: address) else {
            throw StartFailure(
                "the admin address \(address) is not one",
                hint: "write host:port, [v6]:port, unix:/path, or off to run without the admin API")
        }
        var quiet = logger
        // What it logs repeats the start log, or is about connections that were cut because everything ends.
        quiet.logLevel = max(quiet.logLevel, .critical)
        let isBound = Atomic(false)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { [api] request, _ in Self.respond(to: request, by: api)
            },
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax, logger: quiet)),
            onServerRunning: { [whenBound] channel in
                isBound.store(true, ordering: .relaxed)
                whenBound(channel.localAddress?.port)
            },
            eventLoopGroupProvider: .shared(ControlEventLoop.group), logger: quiet)
        do {
            try await application.run()
        } catch  where !isBound.load(ordering: .relaxed) {
            throw StartFailure.cannotListen(what: "the admin API", on: self.address, setting: "admin.address", error)
        }
    }

    private static func respond(to request: Request, by api: AdminAPI) -> Response {
        let answer = api.answer(
            method: request.method.rawValue, path: request.uri.path, accept: request.headers[.accept])
        var headers: HTTPFields = [
            .contentType: answer.contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        if let allow = answer.allow { headers[.allow] = allow }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        let response = Response(status: .init(code: answer.status), headers: headers, body: body)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
