import CLuaShim
package import Config

/// The VM in which a filter's tests run: the same sandbox, with more time, and a way to ask for what tests do.
@safe
package final class LuaTestVM {
    package enum Answer {
        /// JSON.
        case value([UInt8])
        /// Raised in the test.
        case failure(String)
    }

    private let vm: LuaVM
    private let context: LuaContext
    /// The text that C was given last, which has to live until the next call.
    private var lent: [UInt8] = []

    /// - Parameters:
    ///   - script: its first file is the test, the others are modules.
    ///   - cpu: CPU time for all of it.
    ///   - handler: what the test library calls, with JSON arguments.
    /// - Throws: `LuaFailure`.
    package init(
        _ script: ScriptProgram, cpu: Duration, handler: @escaping (_ name: String, _ arguments: [UInt8]) -> Answer
    ) throws(LuaFailure) {
        context = LuaContext(
            script: script, resources: LuaResources(workerCount: 1), environment: { _ in nil })
        var limits = LuaLimitsConfig()
        limits.memory = 64 << 20
        limits.load = cpu
        vm = try LuaVM(context: context, limits: limits, usesHook: false, isTest: true)
        context.testHandler = handler
        unsafe gwlua_set_test_call(vm.pointer) { pointer, name, arguments, answer in
            guard let pointer = unsafe pointer else { return Int32(GWLUA_REFUSED) }
            let context = unsafe Unmanaged<LuaContext>.fromOpaque(pointer).takeUnretainedValue()
            guard let handler = context.testHandler else { return Int32(GWLUA_REFUSED) }
            switch unsafe handler(LuaText.string(name), LuaText.bytes(arguments)) {
            case .value(let json):
                unsafe answer?.pointee = context.lend(json)
                return Int32(GWLUA_OK)
            case .failure(let message):
                context.refuse?(message)
                return Int32(GWLUA_REFUSED)
            }
        }
        let pointer = unsafe vm.pointer
        context.refuse = { message in unsafe gwlua_refuse(pointer, message) }
    }

    /// Runs the test file to its end.
    package func run() throws(LuaFailure) { try vm.load() }

    /// Calls a function that the test registered; nil when it raised.
    package func call(_ number: Int, _ argument: [UInt8]) -> [UInt8]? {
        lent = argument
        let kept = lent
        var out = unsafe gwlua_text()
        let outcome = unsafe gwlua_call_back(vm.pointer, Int32(number), LuaText.lend(kept.span), &out)
        return outcome == Int32(GWLUA_OK) ? unsafe LuaText.bytes(out) : nil
    }

    package var error: String { unsafe String(cString: gwlua_vm_error(vm.pointer)) }
}

extension LuaProgram {
    /// Has the lines of the script counted that run from now on.
    package func collectCoverage() {
        guard let vm else { return }
        unsafe gwlua_collect_coverage(vm.pointer)
    }

    /// Lines that ran, and all that could have.
    package func coverage(lineCount: Int) -> (ran: Set<Int>, active: Set<Int>) {
        guard let vm else { return ([], []) }
        var (ran, active): (Set<Int>, Set<Int>) = ([], [])
        for line in 1...max(lineCount, 1) {
            if unsafe gwlua_line_ran(vm.pointer, UInt32(line)) { ran.insert(line) }
            if unsafe gwlua_line_is_active(vm.pointer, UInt32(line)) { active.insert(line) }
        }
        return (ran, active)
    }

    package var vmByteCount: Int { vm?.byteCount ?? 0 }
}

extension LuaResources {
    /// A store as tests look into it: JSON by key.
    package func storeValue(_ store: String, _ key: String, now: Int64) -> String? {
        guard let pointer = unsafe self.store(store) else { return nil }
        var space = [CChar](repeating: 0, count: 1 << 20)
        return unsafe space.withUnsafeMutableBufferPointer { space in
            unsafe Self.read(pointer, key, space, now)
        }
    }
}

extension LuaResources {
    /// Sets a value from a test: a text.
    package func setStoreValue(_ store: String, _ key: String, _ text: String, ttl: Double, now: Int64) -> Bool {
        guard let pointer = unsafe self.store(store) else { return false }
        let bytes = Array(text.utf8)
        return unsafe Self.with(key, now) { call in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                    var value = unsafe gwlua_store_value()
                    unsafe value.type = Int32(GWLUA_STORE_STRING)
                    unsafe value.bytes = bytes.baseAddress
                    unsafe value.count = bytes.count
                    var call = unsafe call
                    return unsafe gwlua_store_set(pointer, &call, &value, Int64(ttl * 1_000_000_000), 0)
                        == Int32(GWLUA_STORE_OK)
                }
            }
        }
    }

    /// The keys that a store has values under.
    package func storeKeys(_ store: String, now: Int64) -> [String] {
        guard let pointer = unsafe self.store(store) else { return [] }
        var keys: [String] = []
        var space = [CChar](repeating: 0, count: Int(GWLUA_STORE_KEY_MAX))
        while true {
            var count = 0
            let isThere = unsafe space.withUnsafeMutableBufferPointer { space in
                unsafe gwlua_store_key_at(pointer, keys.count, now, space.baseAddress, &count)
            }
            guard isThere else { return keys }
            keys.append(String(decoding: space.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
    }

    private static func with<Result>(_ key: String, _ now: Int64, _ body: (gwlua_store_call) -> Result) -> Result {
        let bytes = Array(key.utf8)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                var call = unsafe gwlua_store_call()
                unsafe call.key = bytes.baseAddress
                unsafe call.key_count = bytes.count
                unsafe call.now = now
                unsafe call.key_max = 1024
                unsafe call.value_max = 1 << 20
                return unsafe body(call)
            }
        }
    }

    private static func read(
        _ store: OpaquePointer, _ key: String, _ space: UnsafeMutableBufferPointer<CChar>, _ now: Int64
    ) -> String? {
        var value = unsafe gwlua_store_value()
        let outcome = unsafe with(key, now) { call in
            var call = unsafe call
            return unsafe gwlua_store_get(store, &call, false, space.baseAddress, space.count, &value)
        }
        guard outcome == Int32(GWLUA_STORE_OK) else { return nil }
        switch unsafe Int(value.type) {
        case GWLUA_STORE_INTEGER: return unsafe "\(value.integer)"
        case GWLUA_STORE_FLOAT: return unsafe "\(value.number)"
        case GWLUA_STORE_BOOLEAN: return unsafe value.integer != 0 ? "true" : "false"
        default:
            guard let start = unsafe value.bytes else { return nil }
            let text = unsafe String(
                decoding: UnsafeRawBufferPointer(start: start, count: value.count), as: UTF8.self)
            return unsafe Int(value.type) == GWLUA_STORE_JSON ? text : "\"\(JSONValue.content(text))\""
        }
    }
}
