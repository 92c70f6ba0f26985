import Bytes
import CLuaShim
import Config
import HTTP
import Telemetry

/// One exchange (or one turn of a timer) in one script: what the host functions see, and what the script waits for.
///
/// Pooled by its instance. What awaits something takes the epoch along, so that an answer that comes after the exchange
/// has ended reaches nobody.
@safe
final class LuaRun: BodyWaiter {
    /// What a suspended task keeps waiting.
    enum Waiting { case nothing, head, body }

    let instance: LuaInstance
    private(set) var vm: LuaVM
    private(set) var handle: OpaquePointer
    private(set) var exchange: (any FilterExchange)?
    private var host: (any FilterHost)?
    private(set) var epoch = 0
    /// The script was killed or failed in a way that ends its part in this exchange.
    var isDead = false
    /// It is the one that tries whether the script works again.
    var isTrial = false
    /// The response does not meet the filter's conditions.
    var skipsResponse = false
    /// The side that Lua runs for now.
    private var side = MessageSide.request
    /// What only runs have that wait for something or see chunks.
    private var more: More?

    private final class More {
        var waiting = [Waiting](repeating: .nothing, count: 2)
        var chunks: [[UInt8]] = [[], []]
        var calls: [Call?] = []
        var sleepers: [FilterTimer?] = [nil, nil]
        /// The last chunk of that side has been seen.
        var hasEndedBody = [false, false]
    }

    /// It has waited for something, or seen chunks.
    var hasWaited: Bool { more != nil }

    private func ensureMore() -> More {
        if let more { return more }
        let made = More()
        more = made
        return made
    }

    func waiting(_ side: MessageSide) -> Waiting { more?.waiting[side.rawValue] ?? .nothing }
    func setWaiting(_ side: MessageSide, _ waiting: Waiting) {
        if waiting == .nothing, more == nil { return }
        ensureMore().waiting[side.rawValue] = waiting
    }

    private final class Call {
        let side: MessageSide
        let isDetached: Bool
        var handle: (any SubrequestHandle)?
        var outcome: SubrequestOutcome?

        init(side: MessageSide, isDetached: Bool) {
            self.side = side
            self.isDetached = isDetached
        }
    }

    init?(_ instance: LuaInstance, _ vm: LuaVM, _ exchange: (any FilterExchange)?, host: any FilterHost) {
        self.instance = instance
        self.vm = vm
        self.exchange = exchange
        self.host = host
        unsafe handle = vm.pointer
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard let begun = unsafe gwlua_run_begin(vm.pointer, Int32(instance.number), pointer) else { return nil }
        unsafe handle = begun
    }

    /// Takes a pooled object into use again; false when the VM has no room.
    func begin(_ vm: LuaVM, _ exchange: (any FilterExchange)?, host: any FilterHost) -> Bool {
        let pointer = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard let begun = unsafe gwlua_run_begin(vm.pointer, Int32(instance.number), pointer) else { return false }
        unsafe handle = begun
        if self.vm !== vm { self.vm = vm }
        self.exchange = exchange
        self.host = host
        return true
    }

    /// Ends it: nothing that it awaited comes back to it.
    func end() {
        unsafe gwlua_run_end(handle)
        epoch += 1
        exchange = nil
        host = nil
        if isDead { isDead = false }
        if isTrial { isTrial = false }
        if skipsResponse { skipsResponse = false }
        guard let more else { return }
        self.more = nil
        for case let call? in more.calls where !call.isDetached { call.handle?.cancel() }
        for sleeper in more.sleepers { sleeper?.cancel() }
    }

    var bodyLimit: Int { instance.settings.limits.body }
    var cpuNanoseconds: Int64 { unsafe gwlua_run_cpu(handle) }

    // MARK: Entering

    func enter(_ phase: LuaPhase) -> Int32 {
        side = phase == .response || phase == .responseBody ? .response : .request
        return unsafe gwlua_enter(handle, phase.code)
    }

    func resume(_ side: MessageSide) -> Int32 {
        self.side = side
        return unsafe gwlua_resume(handle, Int32(side.rawValue))
    }

    func isSuspended(_ side: MessageSide) -> Bool { unsafe gwlua_is_suspended(handle, Int32(side.rawValue)) }
    func awaitsChunk(_ side: MessageSide) -> Bool { unsafe gwlua_awaits_chunk(handle, Int32(side.rawValue)) }

    func setChunk(_ side: MessageSide, _ chunk: [UInt8], isLast: Bool) {
        let more = ensureMore()
        more.chunks[side.rawValue] = chunk
        more.hasEndedBody[side.rawValue] = isLast
        let kept = more.chunks[side.rawValue]
        unsafe gwlua_set_chunk(handle, Int32(side.rawValue), LuaText.lend(kept.span), isLast)
    }

    /// What the script made of the chunk; nil leaves it as it was.
    func chunkResult(_ side: MessageSide) -> [UInt8]? {
        var out = unsafe gwlua_text()
        guard unsafe gwlua_chunk_result(handle, Int32(side.rawValue), &out) == Int32(GWLUA_OK) else { return nil }
        return unsafe LuaText.bytes(out)
    }

    func selectTimer(_ number: Int) { unsafe gwlua_select_timer(handle, UInt32(number)) }

    func reply(reason: EndReason) -> LocalResponse {
        let reply = unsafe gwlua_run_reply(handle)?.pointee
        guard let reply = unsafe reply else { return LocalResponse(status: 500, reason: .internalError) }
        let pairs = unsafe HeaderPair.pairs(of: LuaText.bytes(reply.headers))
        let hasType = pairs.contains { ASCII.equalIgnoringCase($0.name.span, Self.contentType.span) }
        let body = unsafe LuaText.bytes(reply.body)
        let type: StaticString? =
            hasType || body.isEmpty
            ? nil : unsafe reply.has_json ? "application/json" : "text/plain; charset=utf-8"
        return unsafe LocalResponse(
            status: Int(reply.status), reason: reason, headers: pairs, body: body, contentType: type)
    }

    private static let contentType = Array("content-type".utf8)

    // MARK: Answers of host functions

    /// The code for a change that was refused for this reason, or done.
    func answer(_ problem: StaticString?) -> Int32 {
        guard let problem else { return Int32(GWLUA_OK) }
        unsafe gwlua_refuse(vm.pointer, UnsafeRawPointer(problem.utf8Start).assumingMemoryBound(to: CChar.self))
        return Int32(GWLUA_REFUSED)
    }

    func nextChunk(_ side: MessageSide) -> Int32 {
        guard instance.need(side) == .stream else {
            return answer(
                side == .request
                    ? "chunks are there only with request_body = \"stream\""
                    : "chunks are there only with response_body = \"stream\"")
        }
        return Int32(more?.hasEndedBody[side.rawValue] == true ? GWLUA_NONE : GWLUA_PENDING)
    }

    // MARK: Waking

    /// Continues the task of that side once whatever happens now is done with.
    private func wake(_ side: MessageSide) {
        guard let host else { return }
        let epoch = epoch
        host.later { [self] in
            guard self.epoch == epoch, isSuspended(side), !awaitsChunk(side) else { return }
            instance.continue(self, side)
        }
    }

    func bodyCollected(_ side: MessageSide) { wake(side) }

    func sleep(milliseconds: Double) -> Int32 {
        guard let host else { return answer("there is nothing to wait with here") }
        let (side, epoch) = (side, epoch)
        ensureMore().sleepers[side.rawValue] = host.after(Int64(max(milliseconds, 0) * 1_000_000)) { [self] in
            guard self.epoch == epoch else { return }
            more?.sleepers[side.rawValue] = nil
            wake(side)
        }
        return Int32(GWLUA_OK)
    }

    // MARK: Requests of the script

    func startCall(_ request: gwlua_http_request) -> Int32 {
        guard let host else { return answer("requests cannot be sent here") }
        let upstream = unsafe LuaText.bytes(request.upstream)
        guard vm.context.script.upstreams.contains(where: { $0.utf8.elementsEqual(upstream) }) else {
            return answer("the upstream is not among the filter's uses.http")
        }
        let subrequest = unsafe Subrequest(
            upstream: upstream, method: LuaText.bytes(request.method), path: LuaText.bytes(request.path),
            headers: LuaText.bytes(request.headers), body: LuaText.bytes(request.body),
            timeoutNanoseconds: Int64(request.timeout_ms * 1_000_000), bodyMax: request.max_body,
            retries: Int(request.retries))
        if unsafe request.is_detached {
            guard instance.takeDetached() else { return Int32(GWLUA_TOO_LARGE) }
            let (instance, exchange) = (instance, exchange)
            host.later {
                _ = host.send(subrequest, for: exchange) { _ in instance.giveDetached() }
            }
            return 0
        }
        let call = Call(side: side, isDetached: false)
        let more = ensureMore()
        more.calls.append(call)
        let (epoch, exchange) = (epoch, exchange)
        // Nothing is sent while Lua runs: what fails at once would come back here in the middle of it.
        host.later { [self] in
            guard self.epoch == epoch, call.outcome == nil else { return }
            call.handle = host.send(subrequest, for: exchange) { [self] outcome in
                call.outcome = outcome
                call.handle = nil
                if self.epoch == epoch { wake(call.side) }
            }
        }
        return Int32(more.calls.count - 1)
    }

    /// Whether there is an answer; its texts stay until `endCall`.
    func answer(of number: Int, into out: inout gwlua_http_answer) -> Bool {
        guard let more, more.calls.indices.contains(number), let call = more.calls[number], let outcome = call.outcome
        else { return false }
        switch outcome {
        case .success(let answer):
            unsafe out.status = Int32(answer.status)
            unsafe out.headers = LuaText.lend(answer.headers.span)
            unsafe out.body = LuaText.lend(answer.body.span)
        case .failure(let error):
            unsafe out.status = 0
            unsafe out.error = gwlua_text(bytes: error.word.utf8Start, count: error.word.utf8CodeUnitCount)
        }
        return true
    }

    func endCall(_ number: Int) {
        guard let more, more.calls.indices.contains(number), let call = more.calls[number] else { return }
        if call.outcome == nil {
            call.handle?.cancel()
            // One that has not been started is not started any more.
            call.outcome = .failure(.reset)
        }
        more.calls[number] = nil
    }
}

extension HeaderPair {
    /// The fields of complete lines, as the script's side has checked and written them.
    static func pairs(of lines: [UInt8]) -> [HeaderPair] {
        var pairs: [HeaderPair] = []
        var start = 0
        while let colon = lines[start...].firstIndex(of: 0x3A), let end = lines[colon...].firstIndex(of: 0x0D) {
            pairs.append(HeaderPair(name: Array(lines[start..<colon]), value: Array(lines[(colon + 2)..<end])))
            start = end + 2
        }
        return pairs
    }
}
