import Bytes
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves the admin API on its own address and a single thread, until a graceful shutdown.
///
/// - Limits: 256 connections, idle ones closed after 15 s.
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
        address: String, api: AdminAPI, logger: Logger, whenBound: @escaping @Sendable (Int?) -> Void
    ) {
        self.address = address
        self.api = api
        self.logger = logger
        self.whenBound = whenBound
    }

    package func run() async throws {
        guard let address = BindAddress(admin: address) else {
            throw StartFailure(
                "the admin address \(address) is not one",
                hint: "write host:port, [v6]:port, unix:/path, or off to run without the admin API")
        }
        try ListenerProbe.checkAdmin(self.address)
        var quiet = logger
        // What it logs repeats the start log, or is about connections that were cut because everything ends.
        quiet.logLevel = max(quiet.logLevel, .critical)
        let isBound = Atomic(false)
        let application = Application(
            responder: CallbackResponder<AdminContext> { [api] request, context in
                await Self.respond(to: request, from: context.peer, by: api)
            },
            server: .http1(configuration: .init(idleTimeout: .seconds(15))),
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

    private static func respond(
        to request: Request, from peer: AdminRequest.Peer, by api: AdminAPI
    ) async -> Response {
        var asked = AdminRequest(method: request.method.rawValue, path: request.uri.path)
        asked.query = AdminRequest.parameters(ofQuery: request.uri.query ?? "")
        asked.accept = request.headers[.accept]
        asked.authorization = request.headers[.authorization]
        asked.host = request.head.authority
        asked.origin = request.headers[.origin]
        asked.fetchSite = fetchSite.flatMap { request.headers[$0] }
        asked.peer = peer
        let answer = await api.answer(asked)
        var headers: HTTPFields = [
            .contentType: answer.contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            // The page's own script and style, its own endpoints, and nothing from anywhere else.
            .contentSecurityPolicy: StatusPage.contentSecurityPolicy,
        ]
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer realm=\"gateway admin\"" }
        if let allow = answer.allow { headers[.allow] = allow }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        let response = Response(status: .init(code: answer.status), headers: headers, body: body)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")
}

/// A request's context: who sent it.
private struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let peer: AdminRequest.Peer

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        switch source.channel.remoteAddress {
        case .unixDomainSocket: peer = .unixSocket
        case .some(let address): peer = Self.isLoopback(address) ? .loopback : .other
        // A unix socket's client has no address of its own.
        case nil: peer = source.channel.localAddress?.pathname == nil ? .other : .unixSocket
        }
    }

    private static func isLoopback(_ address: NIOCore.SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return false }
        // `::1%lo` has a zone; an IPv4 address may come in its IPv6 form.
        return IPAddress(String(text.prefix { $0 != "%" }))?.isLoopback == true
    }
}
