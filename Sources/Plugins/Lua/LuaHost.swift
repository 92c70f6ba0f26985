import Bytes
import CLuaShim
import HTTP

/// The functions that Lua calls while a script runs. None of them acts on the exchange in a way that could enter Lua
/// again or end it: what takes more than noting is started when the script has returned.
enum LuaHost {
    /// Made once and never freed: VMs keep the address.
    nonisolated(unsafe) static let table: UnsafePointer<gwlua_host> = {
        let table = UnsafeMutablePointer<gwlua_host>.allocate(capacity: 1)
        unsafe table.initialize(to: make())
        return unsafe UnsafePointer(table)
    }()

    private static func run(_ pointer: UnsafeMutableRawPointer?) -> LuaRun? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<LuaRun>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static func context(_ pointer: UnsafeMutableRawPointer?) -> LuaContext? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<LuaContext>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static let hostField = Array("host".utf8)
    private static let ok = Int32(GWLUA_OK)
    private static let pending = Int32(GWLUA_PENDING)
    private static let none = Int32(GWLUA_NONE)
    private static let refused = Int32(GWLUA_REFUSED)

    private static func make() -> gwlua_host {
        var host = gwlua_host()
        addMessages(&host)
        addFields(&host)
        addBodies(&host)
        addWaiting(&host)
        addContext(&host)
        return host
    }

    private static func side(_ code: Int32) -> MessageSide { code == 0 ? .request : .response }

    // MARK: Heads

    private static func addMessages(_ host: inout gwlua_host) {
        unsafe host.text = { pointer, what, out in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange, let text = ExchangeText(what)
            else { return LuaHost.none }
            var found = LuaHost.none
            exchange.withText(text) { bytes in
                unsafe out?.pointee = LuaText.lend(bytes)
                found = LuaHost.ok
            }
            return found
        }
        unsafe host.set_text = { pointer, what, value in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange, let change = ExchangeChange(what)
            else { return LuaHost.refused }
            return run.answer(unsafe LuaText.with(value) { exchange.change(change, to: $0) })
        }
        unsafe host.number = { pointer, what in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange, let number = ExchangeNumber(what)
            else { return .nan }
            return exchange.number(number)
        }
        unsafe host.set_number = { pointer, what, value in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.refused }
            switch Int(what) {
            case GWLUA_STATUS: return run.answer(exchange.change(.status, to: value))
            case GWLUA_SET_TIMEOUT_MS: return run.answer(exchange.change(.timeoutMilliseconds, to: value))
            case GWLUA_SET_NO_RETRY: return run.answer(exchange.change(.noRetry, to: value))
            case GWLUA_REROUTE: return exchange.reroute() ? 1 : 0
            default: return LuaHost.refused
            }
        }
    }

    private static func addFields(_ host: inout gwlua_host) {
        unsafe host.header_get = { pointer, side, name, out in
            guard let exchange = unsafe LuaHost.run(pointer)?.exchange else { return LuaHost.none }
            var found = LuaHost.none
            unsafe LuaText.with(name) { name in
                exchange.withField(LuaHost.side(side), name) { value in
                    unsafe out?.pointee = LuaText.lend(value)
                    found = LuaHost.ok
                }
            }
            return found
        }
        unsafe host.header_next = { pointer, side, cursor, nameOut, valueOut in
            guard let exchange = unsafe LuaHost.run(pointer)?.exchange, let cursor = unsafe cursor else {
                return LuaHost.none
            }
            let found = unsafe exchange.withNextField(LuaHost.side(side), &cursor.pointee) { name, value in
                unsafe nameOut?.pointee = LuaText.lend(name)
                unsafe valueOut?.pointee = LuaText.lend(value)
            }
            return found ? LuaHost.ok : LuaHost.none
        }
        unsafe host.header_edit = { pointer, side, edit, name, value in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.refused }
            guard exchange.mayEdit(LuaHost.side(side)) else { return run.answer("the head has been sent already") }
            let isHost = unsafe LuaText.with(name) { name in
                name.count == 4 && ASCII.equalIgnoringCase(name, LuaHost.hostField.span)
            }
            if side == 0, isHost { return run.answer("the host is changed by req.host, not as a field") }
            let edits = side == 0 ? exchange.requestEdits : exchange.responseEdits
            let isDone = unsafe LuaText.with(name) { name in
                unsafe LuaText.with(value) { value in
                    switch Int(edit) {
                    case GWLUA_HEADER_SET: edits.set(name, value)
                    case GWLUA_HEADER_ADD: edits.add(name, value)
                    default: edits.remove(name)
                    }
                }
            }
            return run.answer(isDone ? nil : "this header field cannot be changed")
        }
        unsafe host.variable = { pointer, name, out in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.none }
            let value = unsafe LuaText.with(name) { exchange.variables[$0] }
            guard let value else { return LuaHost.none }
            unsafe out?.pointee = run.vm.context.lend(value)
            return LuaHost.ok
        }
        unsafe host.set_variable = { pointer, name, json in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.refused }
            let problem = unsafe LuaText.with(name) { name in
                unsafe LuaText.with(json) { exchange.variables.set(name, json: $0) }
            }
            return run.answer(problem)
        }
    }

    // MARK: Bodies

    private static func addBodies(_ host: inout gwlua_host) {
        unsafe host.body = { pointer, side, out in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.refused }
            let side = LuaHost.side(side)
            switch exchange.collectBody(side, limit: run.bodyLimit, run) {
            case .pending: return LuaHost.pending
            case .tooLarge: return Int32(GWLUA_TOO_LARGE)
            case .ready:
                exchange.withCollectedBody(side) { bytes in unsafe out?.pointee = LuaText.lend(bytes) }
                return LuaHost.ok
            case .refused(.notDeclared):
                return run.answer(
                    side == .request
                        ? "the body is there only with request_body = \"buffer\""
                        : "the body is there only with response_body = \"buffer\"")
            case .refused(.alreadyPassed): return run.answer("the body has passed already")
            }
        }
        unsafe host.set_body = { pointer, side, value in
            guard let run = unsafe LuaHost.run(pointer), let exchange = run.exchange else { return LuaHost.refused }
            return run.answer(unsafe exchange.replaceBody(LuaHost.side(side), by: LuaText.bytes(value)))
        }
        unsafe host.next_chunk = { pointer, side in
            guard let run = unsafe LuaHost.run(pointer) else { return LuaHost.refused }
            return run.nextChunk(LuaHost.side(side))
        }
    }

    // MARK: Waiting

    private static func addWaiting(_ host: inout gwlua_host) {
        unsafe host.http_start = { pointer, request in
            guard let run = unsafe LuaHost.run(pointer), let request = unsafe request?.pointee else {
                return LuaHost.refused
            }
            return unsafe run.startCall(request)
        }
        unsafe host.http_answer = { pointer, number, out in
            guard let run = unsafe LuaHost.run(pointer), let out = unsafe out else { return LuaHost.refused }
            return unsafe run.answer(of: Int(number), into: &out.pointee) ? LuaHost.ok : LuaHost.pending
        }
        unsafe host.http_end = { pointer, number in unsafe LuaHost.run(pointer)?.endCall(Int(number)) }
        unsafe host.sleep = { pointer, milliseconds in
            guard let run = unsafe LuaHost.run(pointer) else { return LuaHost.refused }
            return run.sleep(milliseconds: milliseconds)
        }
    }

    // MARK: What has no exchange

    private static func addContext(_ host: inout gwlua_host) {
        unsafe host.log = { contextPointer, runPointer, level, message, fields in
            guard let context = unsafe LuaHost.context(contextPointer) else { return }
            let run = unsafe LuaHost.run(runPointer)
            unsafe LuaLog.write(
                FilterLogLevel(rawValue: UInt8(clamping: level)) ?? .info, LuaText.bytes(message),
                fields: LuaText.bytes(fields), context: context, run: run)
        }
        unsafe host.clock = { pointer, isWall in
            guard let context = unsafe LuaHost.context(pointer) else { return 0 }
            if let clock = context.clock { return isWall ? clock().wall : clock().monotonic }
            guard let host = context.host else { return isWall ? gwlua_wall_time() : gwlua_monotonic_time() }
            return isWall ? host.wallNanoseconds : host.preciseNow.nanoseconds
        }
        unsafe host.secret = { pointer, name, out in
            guard let context = unsafe LuaHost.context(pointer) else { return LuaHost.refused }
            guard let value = unsafe context.secret(LuaText.string(name)) else { return LuaHost.refused }
            unsafe out?.pointee = context.lend(value)
            return LuaHost.ok
        }
        unsafe host.environment = { pointer, name, out in
            guard let context = unsafe LuaHost.context(pointer) else { return LuaHost.refused }
            switch unsafe context.variable(LuaText.string(name)) {
            case .value(let value):
                unsafe out?.pointee = context.lend(value)
                return LuaHost.ok
            case .missing: return LuaHost.none
            case .notAllowed: return LuaHost.refused
            }
        }
        unsafe host.module = { pointer, name, out in
            guard let context = unsafe LuaHost.context(pointer) else { return LuaHost.refused }
            guard let text = unsafe context.module(LuaText.string(name)) else { return LuaHost.refused }
            unsafe out?.pointee = context.lend(text)
            return LuaHost.ok
        }
        unsafe host.store = { pointer, name in
            guard let context = unsafe LuaHost.context(pointer) else { return nil }
            return unsafe context.store(LuaText.string(name))
        }
        unsafe host.column = { pointer in unsafe LuaHost.context(pointer)?.column ?? 0 }
    }
}

extension ExchangeText {
    fileprivate init?(_ code: Int32) {
        switch Int(code) {
        case GWLUA_METHOD: self = .method
        case GWLUA_HOST: self = .host
        case GWLUA_PATH: self = .path
        case GWLUA_QUERY: self = .query
        case GWLUA_SCHEME: self = .scheme
        case GWLUA_HTTP_VERSION: self = .httpVersion
        case GWLUA_CLIENT_IP: self = .clientAddress
        case GWLUA_PEER_IP: self = .peerAddress
        case GWLUA_REQUEST_ID: self = .requestID
        case GWLUA_ROUTE: self = .route
        case GWLUA_ROUTE_PREFIX: self = .routePrefix
        case GWLUA_UPSTREAM_NAME: self = .upstreamName
        case GWLUA_UPSTREAM_ADDRESS: self = .upstreamAddress
        case GWLUA_SOURCE: self = .source
        case GWLUA_END_REASON: self = .endReason
        case GWLUA_AUTH: self = .authentication
        case GWLUA_CLIENT_TLS: self = .clientTLS
        case GWLUA_TRACE_ID: self = .traceID
        case GWLUA_SPAN_ID: self = .spanID
        default: return nil
        }
    }
}

extension ExchangeChange {
    fileprivate init?(_ code: Int32) {
        switch Int(code) {
        case GWLUA_METHOD: self = .method
        case GWLUA_HOST: self = .host
        case GWLUA_PATH: self = .path
        case GWLUA_QUERY: self = .query
        case GWLUA_SET_UPSTREAM: self = .upstream
        case GWLUA_SET_ENDPOINT: self = .endpoint(isStrict: false)
        case GWLUA_SET_ENDPOINT_STRICT: self = .endpoint(isStrict: true)
        case GWLUA_SET_HASH_KEY: self = .hashKey
        default: return nil
        }
    }
}

extension ExchangeNumber {
    fileprivate init?(_ code: Int32) {
        switch Int(code) {
        case GWLUA_STATUS: self = .status
        case GWLUA_REQUEST_BODY_SIZE: self = .requestBodySize
        case GWLUA_CLIENT_PORT: self = .clientPort
        case GWLUA_REMAINING_MS: self = .remainingMilliseconds
        case GWLUA_UPSTREAM_LATENCY_MS: self = .upstreamMilliseconds
        case GWLUA_UPSTREAM_ATTEMPTS: self = .upstreamAttempts
        case GWLUA_UPSTREAM_REUSED: self = .upstreamReused
        case GWLUA_DURATION_MS: self = .durationMilliseconds
        case GWLUA_BYTES_IN: self = .bytesIn
        case GWLUA_BYTES_OUT: self = .bytesOut
        default: return nil
        }
    }
}
