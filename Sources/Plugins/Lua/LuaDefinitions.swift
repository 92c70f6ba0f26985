/// The type definitions of the scripts' API, for editors; `types/gw.d.lua` is the same text.
package enum LuaDefinitions {
    package static let text = objects + modules

    /// What scripts are given: requests, responses, contexts, stores, metrics.
    private static let objects = #"""
        ---@meta
        -- What a filter of the gateway may call, for editors. Written by `gateway filter new`.

        ---@alias gw.BodyMode "none"|"buffer"|"stream"
        ---@alias gw.Labels string[]|table<string, string>
        ---@alias gw.HttpError "timeout"|"connect"|"reset"|"too_large"|"no_upstream"|"limit"

        ---@class gw.Filter
        ---@field api 1
        ---@field name? string
        ---@field version? string
        ---@field request_body? gw.BodyMode
        ---@field response_body? gw.BodyMode
        ---@field uses? { http?: string[], store?: string[], secrets?: string[], timers?: boolean }
        ---@field schema? table
        ---@field on_init? fun(conf: table, carried: any)
        ---@field on_request? fun(req: gw.Request, ctx: gw.Ctx): any, any, any
        ---@field on_request_body? fun(chunk: gw.Chunk, ctx: gw.Ctx): string?
        ---@field on_response? fun(res: gw.Response, ctx: gw.Ctx): any, any, any
        ---@field on_response_body? fun(chunk: gw.Chunk, ctx: gw.Ctx): string?
        ---@field on_log? fun(rec: gw.LogRecord, ctx: gw.Ctx)
        ---@field on_unload? fun(): any

        ---@class gw.Request
        ---@field method string
        ---@field host string
        ---@field path string
        ---@field query string
        ---@field scheme string
        ---@field http_version string
        ---@field headers gw.Headers
        local Request = {}
        ---@param name string
        ---@return string?
        function Request:arg(name) end
        ---@return table<string, string|string[]>
        function Request:args() end
        ---@param name string
        ---@param value string?
        function Request:set_arg(name, value) end
        ---@param name string
        ---@return string?
        function Request:cookie(name) end
        ---@async
        ---@return string? body
        ---@return string? err
        function Request:body() end
        ---@param body string
        function Request:set_body(body) end
        ---@return integer?
        function Request:body_size() end
        ---@async
        ---@param max_depth? integer
        ---@return any value
        ---@return string? err
        function Request:json(max_depth) end
        ---@async
        ---@return fun(): gw.Chunk?
        function Request:body_chunks() end
        ---@param name string
        function Request:set_upstream(name) end
        ---@param address string
        ---@param strict? boolean
        function Request:set_endpoint(address, strict) end
        ---@param key string
        function Request:hash_on(key) end
        ---@param milliseconds number
        function Request:set_timeout(milliseconds) end
        function Request:no_retry() end
        ---@return boolean
        function Request:reroute() end
        ---Ends the phase: it does not return.
        ---@param status integer
        ---@param headers? table<string, string|string[]>
        ---@param body? string|table
        function Request:respond(status, headers, body) end

        ---@class gw.Response
        ---@field status integer
        ---@field headers gw.Headers
        ---@field upstream { name: string, addr: string, latency_ms: number, attempts: integer, reused: boolean }?
        ---@field source "upstream"|"gateway"|"filter"
        local Response = {}
        ---@async
        ---@return string? body
        ---@return string? err
        function Response:body() end
        ---@param body string
        function Response:set_body(body) end
        ---@async
        ---@param max_depth? integer
        ---@return any value
        ---@return string? err
        function Response:json(max_depth) end
        ---@async
        ---@return fun(): gw.Chunk?
        function Response:body_chunks() end
        ---@param status integer
        ---@param headers? table<string, string|string[]>
        ---@param body? string|table
        function Response:replace(status, headers, body) end

        ---@class gw.Headers
        ---@field [string] string?
        local Headers = {}
        ---@param name string
        ---@return string?
        function Headers:get(name) end
        ---@param name string
        ---@return boolean
        function Headers:has(name) end
        ---@param name string
        ---@return string[]
        function Headers:all(name) end
        ---@param name string
        ---@return string?
        function Headers:joined(name) end
        ---@return integer
        function Headers:count() end
        ---@return fun(): string, string
        function Headers:pairs() end
        ---@param name string
        ---@param value string|number|string[]|nil
        function Headers:set(name, value) end
        ---@param name string
        ---@param value string|number
        function Headers:add(name, value) end
        ---@param name string
        function Headers:remove(name) end

        ---@class gw.Chunk
        ---@field last boolean
        ---@operator len: integer
        local Chunk = {}
        ---@param first? integer
        ---@param last? integer
        ---@return string
        function Chunk:bytes(first, last) end
        ---@param text string
        ---@param init? integer
        ---@return integer?
        function Chunk:find(text, init) end
        ---@param text string
        function Chunk:replace(text) end
        function Chunk:drop() end

        ---@class gw.Ctx
        ---@field conf table
        ---@field state table
        ---@field vars table<string, string|number|boolean|nil>
        ---@field route { name: string, prefix: string }
        ---@field client { ip: string, port: integer, peer_ip: string, tls: table? }
        ---@field auth { scheme: string, subject: string?, consumer: string?, scopes: string[]?, claims: table? }?
        ---@field request_id string
        ---@field trace { trace_id: string, span_id: string }?
        local Ctx = {}
        ---@return number
        function Ctx:remaining_ms() end

        ---@class gw.LogRecord
        ---@field status integer
        ---@field duration_ms number

        ---@class gw.HttpRequest
        ---@field upstream string
        ---@field method? string
        ---@field path? string
        ---@field query? table<string, string>
        ---@field headers? table<string, string|string[]>
        ---@field body? string|table
        ---@field timeout_ms? number
        ---@field max_body? integer
        ---@field retries? integer

        ---@class gw.HttpResponse
        ---@field status integer
        ---@field headers gw.Headers
        ---@field body string

        ---@class gw.Store
        local Store = {}
        ---@param key string
        ---@return any value
        ---@return string? err
        function Store:get(key) end
        ---@param key string
        ---@param value any
        ---@param ttl? number seconds
        ---@return boolean? ok
        ---@return string? err
        function Store:set(key, value, ttl) end
        ---@param key string
        ---@param value any
        ---@param ttl? number seconds
        ---@return boolean? ok
        ---@return string? err
        function Store:add(key, value, ttl) end
        ---@param key string
        function Store:delete(key) end
        ---@param key string
        ---@param delta? number
        ---@param init? number
        ---@param ttl? number seconds
        ---@return number?
        ---@return string? err
        function Store:incr(key, delta, init, ttl) end
        ---@param key string
        ---@param old any
        ---@param new any
        ---@param ttl? number seconds
        ---@return boolean ok
        ---@return any current
        function Store:cas(key, old, new, ttl) end
        ---@param key string
        ---@return number?
        function Store:ttl(key) end
        ---@param key string
        ---@param ttl number seconds
        function Store:expire(key, ttl) end
        ---@param key string
        ---@param rate number per second
        ---@param burst number
        ---@param cost? number
        ---@return boolean allowed
        ---@return number retry_after
        ---@return number remaining
        function Store:take(key, rate, burst, cost) end
        ---@async
        ---@param key string
        ---@param ttl number seconds
        ---@param fill fun(): any
        ---@return any value
        ---@return string? err
        function Store:remember(key, ttl, fill) end

        ---@class gw.Counter
        local Counter = {}
        ---@param value? number
        ---@param labels? gw.Labels
        function Counter:inc(value, labels) end
        ---@param labels gw.Labels
        ---@return gw.Counter
        function Counter:with(labels) end

        ---@class gw.Gauge
        local Gauge = {}
        ---@param value number
        ---@param labels? gw.Labels
        function Gauge:set(value, labels) end
        ---@param value? number
        ---@param labels? gw.Labels
        function Gauge:inc(value, labels) end
        ---@param value? number
        ---@param labels? gw.Labels
        function Gauge:dec(value, labels) end
        ---@param labels gw.Labels
        ---@return gw.Gauge
        function Gauge:with(labels) end

        ---@class gw.Histogram
        local Histogram = {}
        ---@param value number
        ---@param labels? gw.Labels
        function Histogram:observe(value, labels) end
        ---@param work fun(): ...
        ---@param labels? gw.Labels
        function Histogram:time(work, labels) end
        ---@param labels gw.Labels
        ---@return gw.Histogram
        function Histogram:with(labels) end


        """#
}
