/// Where scripts are, and what they may ask for.
package struct LuaConfig: Sendable, Equatable {
    /// How a script that uses too much CPU is stopped.
    package enum Preemption: String, Sendable, CaseIterable {
        /// By a watchdog thread and a signal: free while nothing goes wrong.
        case signal
        /// By a hook that counts instructions: slower, for debuggers and platforms where signals are unwelcome.
        case hook
    }

    /// A folder, taken from that of the configuration file.
    package var path = "filters"
    package var preempt = Preemption.signal
    package var policy = LuaPolicyConfig()
    /// Whether a changed script that fails on real requests is taken back by itself.
    package var rollback = true
    package var position = SourcePosition.unknown

    package init() {}
}

/// What scripts may use beyond the request; nothing by default.
package struct LuaPolicyConfig: Sendable, Equatable {
    /// Upstreams that scripts may send requests to.
    package var http: [UpstreamReference] = []
    package var stores: [Located<String>] = []
    package var secrets: [LuaSecretConfig] = []
    /// Names of environment variables.
    package var environment: [String] = []

    package init() {}
}

/// A secret that scripts know by name.
package struct LuaSecretConfig: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A shared store of scripts.
package struct StoreConfig: Sendable, Equatable {
    package enum Policy: String, Sendable, CaseIterable {
        /// A full store refuses.
        case reject
        /// A full store forgets what was used least lately.
        case lru
    }

    package var name = ""
    /// Bytes, overhead included.
    package var size = 1 << 20
    package var policy = Policy.reject
    package var position = SourcePosition.unknown

    package init() {}
}

/// `lua`: a script as a filter of a route.
package struct LuaFilterConfig: Sendable, Equatable {
    package var script = Located("")
    /// As written; checked against the script's schema.
    package var config: Located<ConfigNode>?
    package var onError = LuaErrorPolicy.closed
    package var limits = LuaLimitsConfig()
    package var breaker = LuaBreakerConfig()
    package var when = LuaConditionsConfig()
    /// Whether clients see the script's error messages; for development.
    package var exposeErrors = false
    /// What the script is; nil until it has been read.
    package var program: ScriptProgram?

    package init() {}
}

/// What becomes of a request whose filter failed.
package enum LuaErrorPolicy: Sendable, Equatable {
    /// 503, or 502 once there is a response.
    case closed
    /// It goes on as if the filter were not there.
    case open
    case answer(status: Int, body: String)
}

package struct LuaLimitsConfig: Sendable, Equatable {
    /// CPU time between two awaits, and of one request.
    package var cpu: Duration = .milliseconds(10)
    package var requestCPU: Duration = .milliseconds(50)
    package var load: Duration = .milliseconds(250)
    package var initialization: Duration = .milliseconds(50)
    package var waiting: Duration = .seconds(5)
    package var memory = 8 << 20
    package var body = 1 << 20
    package var httpCalls = 8
    package var httpParallel = 4
    package var httpBody = 1 << 20
    package var logLines = 20
    package var logLine = 2 << 10
    package var storeKey = 256
    package var storeValue = 64 << 10
    package var coroutines = 64
    package var headers = 64
    package var headerBytes = 16 << 10
    package var metrics = 32
    package var timers = 4

    package init() {}
}

/// When a failing filter is left out for a while.
package struct LuaBreakerConfig: Sendable, Equatable {
    package var kills = 5
    package var errors = 50
    package var window: Duration = .seconds(10)
    package var open: Duration = .seconds(10)

    package init() {}
}

/// Conditions under which a script is entered at all; checked natively.
package struct LuaConditionsConfig: Sendable, Equatable {
    package var methods: [String] = []
    /// Media types, or `text/*`, of the request and the response.
    package var requestContentType: [String] = []
    package var responseContentType: [String] = []
    /// Statuses or classes, as `200` or `5xx`.
    package var responseStatus: [ClosedRange<Int>] = []

    package init() {}
}

/// A script as it was read and found to be in order: the same for every worker.
package struct ScriptProgram: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        /// What `require` calls it; empty for the filter itself.
        package var module: String
        /// As diagnostics show it.
        package var path: String
        package var text: String

        package init(module: String, path: String, text: String) {
            self.module = module
            self.path = path
            self.text = text
        }
    }

    package enum Body: String, Sendable { case none, stream, buffer }

    package var name: String
    /// Of all its files; eight hexadecimal digits of it appear in logs.
    package var hash: String
    package var version: String
    package var files: [File]
    package var phases: Set<String> = []
    package var requestBody = Body.none
    package var responseBody = Body.none
    /// What the script asks for, and the policy allows.
    package var upstreams: [String] = []
    package var stores: [String] = []
    package var secrets: [LuaSecretConfig] = []
    package var environment: [String] = []
    package var usesTimers = false
    /// The configuration with defaults, as JSON.
    package var configuration = "{}"
    /// It stands in for a newer one that failed on real requests.
    package var isRolledBack = false

    package init(name: String, hash: String, version: String, files: [File]) {
        self.name = name
        self.hash = hash
        self.version = version
        self.files = files
    }

    package var shortHash: String { String(hash.prefix(8)) }
    /// As logs and metrics of the whole script call it.
    package var label: String { "\(name)@\(shortHash)" }
    package var path: String { files.first?.path ?? name }
}
