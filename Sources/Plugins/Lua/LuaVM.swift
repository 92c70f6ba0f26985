import Bytes
import CLuaShim
import Config

/// What went wrong while a script was loaded or run.
package struct LuaFailure: Error, Sendable, Equatable {
    package enum Kind: String, Sendable { case error, killedCPU = "killed_cpu", killedMemory = "killed_mem", timeout }

    package var kind: Kind
    /// `file:line: message`.
    package var message: String
    package var traceback = ""

    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}

/// One Lua VM with one script, and its instances.
///
/// - Threads: one at a time.
@safe
final class LuaVM {
    let pointer: OpaquePointer
    let context: LuaContext

    init(context: LuaContext, limits: LuaLimitsConfig, usesHook: Bool, isTest: Bool = false) throws(LuaFailure) {
        var values = limits.values
        values.uses_hook = usesHook
        values.is_test = isTest
        let made = unsafe gwlua_vm_new(
            &values, LuaHost.table, Unmanaged.passUnretained(context).toOpaque(), context.resources.metrics)
        guard let made = unsafe made else { throw LuaFailure(kind: .error, message: "out of memory") }
        unsafe pointer = made
        self.context = context
    }

    deinit {
        // Closing a large heap takes milliseconds, which a worker does not have.
        unsafe gwlua_vm_reap(pointer)
    }

    var byteCount: Int { unsafe gwlua_vm_bytes(pointer) }
    var isKilled: Bool { unsafe gwlua_vm_is_killed(pointer) }
    var suspendedCount: Int { unsafe Int(gwlua_vm_suspended(pointer)) }
    var cpuNanoseconds: Int64 { unsafe gwlua_vm_cpu(pointer) }

    func has(_ phase: LuaPhase) -> Bool { unsafe gwlua_has_phase(pointer, phase.code) }

    /// The failure that `outcome` stands for.
    func failure(_ outcome: Int32) -> LuaFailure {
        let kind: LuaFailure.Kind =
            switch Int(outcome) {
            case GWLUA_KILLED_CPU: .killedCPU
            case GWLUA_KILLED_MEMORY: .killedMemory
            case GWLUA_TIMED_OUT: .timeout
            default: .error
            }
        var failure = unsafe LuaFailure(kind: kind, message: String(cString: gwlua_vm_error(pointer)))
        failure.traceback = unsafe String(cString: gwlua_vm_traceback(pointer))
        return failure
    }

    private func check(_ outcome: Int32) throws(LuaFailure) {
        if Int(outcome) != GWLUA_DONE { throw failure(outcome) }
    }

    /// Compiles and runs the script's chunk.
    func load() throws(LuaFailure) {
        guard let main = context.script.files.first else {
            throw LuaFailure(kind: .error, message: "a script without a file")
        }
        let text = Array(main.text.utf8)
        try check(unsafe gwlua_load(pointer, main.chunkName(in: context.script.name), LuaText.lend(text.span)))
    }

    /// What the script declares, as JSON.
    func describe() throws(LuaFailure) -> String {
        guard let json = unsafe gwlua_describe(pointer) else { throw failure(Int32(GWLUA_FAILED)) }
        defer { unsafe gwlua_free(json) }
        return unsafe String(cString: json)
    }

    /// - Parameters:
    ///   - configuration: JSON.
    ///   - carried: what `on_unload` of the one before left, as JSON.
    func addInstance(named name: String, configuration: String, carried: String? = nil) throws(LuaFailure) {
        let text = Array(configuration.utf8)
        let kept = Array((carried ?? "").utf8)
        try check(
            unsafe gwlua_add_instance(pointer, name, LuaText.lend(text.span), LuaText.lend(kept.span)))
    }

    /// Frees what loading has left behind, and the room that it took for it.
    func settle() { unsafe gwlua_vm_settle(pointer) }

    /// Runs `on_unload` of an instance; what it wants carried over, as JSON.
    func unload(_ instance: Int) -> String? {
        guard let json = unsafe gwlua_unload(pointer, Int32(instance)) else { return nil }
        defer { unsafe gwlua_free(json) }
        return unsafe String(cString: json)
    }

    /// What scripts can call and read here, in no order: `json.encode`, `gw.Request:arg`, `gw.store():get`.
    var names: [String] {
        guard let list = unsafe gwlua_list_api(pointer) else { return [] }
        defer { unsafe gwlua_free(list) }
        return unsafe String(cString: list).split(separator: "\n").map(String.init)
    }
}

enum LuaPhase: Int, CaseIterable {
    case request, requestBody, response, responseBody, log, timer

    /// As the C side counts them.
    var code: Int32 { Int32(rawValue) }

    var label: String {
        switch self {
        case .request: "on_request"
        case .requestBody: "on_request_body"
        case .response: "on_response"
        case .responseBody: "on_response_body"
        case .log: "on_log"
        case .timer: "timer"
        }
    }
}

extension ScriptProgram.File {
    /// What error messages call it; short, since Lua cuts long names.
    func chunkName(in script: String) -> String { module.isEmpty ? script : module }
}

extension LuaLimitsConfig {
    var values: gwlua_limits {
        var values = gwlua_limits()
        values.memory = memory
        values.slice = cpu.nanoseconds
        values.request = requestCPU.nanoseconds
        values.load = load.nanoseconds
        values.`init` = initialization.nanoseconds
        values.await_deadline = waiting.nanoseconds
        values.coroutines = UInt32(coroutines)
        values.http_calls = UInt32(httpCalls)
        values.http_parallel = UInt32(httpParallel)
        values.log_lines = UInt32(logLines)
        values.timers = UInt32(timers)
        values.log_line_bytes = logLine
        values.http_body_bytes = httpBody
        values.store_key_bytes = storeKey
        values.store_value_bytes = storeValue
        values.body_bytes = body
        values.headers_added = UInt32(headers)
        values.header_bytes_added = headerBytes
        values.metrics = UInt32(metrics)
        return values
    }
}
