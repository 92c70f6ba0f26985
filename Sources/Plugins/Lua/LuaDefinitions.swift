/// The type definitions of the scripts' API, for editors; `types/gw.d.lua` is the same text.
package enum LuaDefinitions {
    package static let text = exchange + objects + modules

    /// Filters, what their phases are given, and what they send.
    private static let exchange = #"""
        ---@meta
        -- What a filter of the gateway may call, for editors. Written by `gateway filter new`.

        ---@alias gw.Scalar string|number|boolean
        ---@alias gw.BodyMode "none"|"buffer"|"stream"
        ---@alias gw.HeaderTable table<string, string|number|(string|number)[]>
        ---@alias gw.Labels gw.Scalar[]|table<string, gw.Scalar>
        ---@alias gw.BodyError "too_large"|"aborted"|"timeout"
        ---@alias gw.HttpError "timeout"|"connect"|"reset"|"too_large"|"no_upstream"|"limit"|"cancelled"
        ---@alias gw.StoreError "not_found"|"exists"|"no_memory"|"too_large"|"not_a_number"|"failed"

        ---@class gw.Filter
        ---@field api 1
        ---@field version? string
        ---@field description? string
        ---@field request_body? gw.BodyMode
        ---@field response_body? gw.BodyMode
        ---@field uses? gw.Uses
        ---@field schema? table
        ---@field on_init? fun(conf: table, carried: table?)
        ---@field on_request? async fun(req: gw.Request, ctx: gw.Ctx): gw.Reply|integer|nil, string|table|nil, table?
        ---@field on_request_body? async fun(chunk: gw.Chunk, ctx: gw.Ctx): string?
        ---@field on_response? async fun(res: gw.Response, ctx: gw.Ctx): gw.Reply|integer|nil, string|table|nil, table?
        ---@field on_response_body? async fun(chunk: gw.Chunk, ctx: gw.Ctx): string?
        ---@field on_log? fun(rec: gw.LogRecord, ctx: gw.Ctx)
        ---@field on_unload? fun(conf: table): table?

        ---What a filter asks for; the operator's `lua.policy` has to allow it.
        ---@class gw.Uses
        ---@field http? string[] names of upstreams
        ---@field store? string[]
        ---@field secrets? string[]
        ---@field env? string[]
        ---@field timers? boolean

        ---@class gw.Request
        ---@field method string can be set
        ---@field host string can be set
        ---@field path string can be set
        ---@field query string can be set; without the question mark
        ---@field scheme string
        ---@field http_version string
        ---@field headers gw.Headers
        local Request = {}
        ---The first query parameter of that name, decoded.
        ---@param name string
        ---@return string?
        function Request:arg(name) end
        ---@return table<string, string|string[]>
        function Request:args() end
        ---@param name string
        ---@param value string|number|nil nil removes it
        function Request:set_arg(name, value) end
        ---@param name string
        ---@return string?
        function Request:cookie(name) end
        ---The whole body, with `request_body = "buffer"`.
        ---@async
        ---@return string? body
        ---@return gw.BodyError? err
        function Request:body() end
        ---@param body string|table a table is written as JSON
        function Request:set_body(body) end
        ---@return integer? size nil when the client does not say
        function Request:body_size() end
        ---@async
        ---@param max_depth? integer
        ---@return any value
        ---@return string? err
        function Request:json(max_depth) end
        ---With `request_body = "stream"`.
        ---@async
        ---@return async fun(): gw.Chunk?
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
        ---Looks for the route once more; twice in a request at most.
        ---@return boolean found
        function Request:reroute() end
        ---Ends the phase: it does not return.
        ---@param status integer
        ---@param headers? gw.HeaderTable
        ---@param body? string|table
        function Request:respond(status, headers, body) end

        ---@class gw.Response
        ---@field status integer can be set
        ---@field headers gw.Headers
        ---@field upstream { name: string, addr: string?, latency_ms: number?, attempts: integer, reused: boolean }?
        ---@field source "upstream"|"gateway"|"filter"
        local Response = {}
        ---The whole body, with `response_body = "buffer"`.
        ---@async
        ---@return string? body
        ---@return gw.BodyError? err
        function Response:body() end
        ---@param body string|table a table is written as JSON
        function Response:set_body(body) end
        ---@async
        ---@param max_depth? integer
        ---@return any value
        ---@return string? err
        function Response:json(max_depth) end
        ---With `response_body = "stream"`.
        ---@async
        ---@return async fun(): gw.Chunk?
        function Response:body_chunks() end
        ---Ends the phase: it does not return.
        ---@param status integer
        ---@param headers? gw.HeaderTable
        ---@param body? string|table
        function Response:replace(status, headers, body) end

        ---Names are compared without case. `headers["x-id"]` reads the first value, assignment replaces all.
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
        ---All values, with commas between them.
        ---@param name string
        ---@return string?
        function Headers:joined(name) end
        ---@return integer
        function Headers:count() end
        ---A snapshot: fields may be changed meanwhile.
        ---@return fun(): string, string
        function Headers:pairs() end
        ---@param name string
        ---@param value string|number|(string|number)[]|nil nil removes it
        function Headers:set(name, value) end
        ---@param name string
        ---@param value string|number
        function Headers:add(name, value) end
        ---@param name string
        function Headers:remove(name) end

        ---A part of a body, gone when the next one is there.
        ---@class gw.Chunk
        ---@field last boolean
        ---@operator len: integer
        local Chunk = {}
        ---@param first? integer
        ---@param last? integer
        ---@return string
        function Chunk:bytes(first, last) end
        ---@param text string as it is, no pattern
        ---@param init? integer
        ---@return integer? first
        ---@return integer? last
        function Chunk:find(text, init) end
        ---@param text string
        function Chunk:replace(text) end
        function Chunk:drop() end

        ---@class gw.ClientTLS
        ---@field version string
        ---@field cipher string
        ---@field sni string?
        ---@field cert_subject string?
        ---@field cert_names string?
        ---@field cert_sha256 string?
        ---@field cert_serial string?

        ---@class gw.Ctx
        ---@field conf table cannot be changed
        ---@field state table of this filter and request
        ---@field vars table<string, gw.Scalar?> shared by filters, access log and balancer
        ---@field route { name: string?, prefix: string? }
        ---@field client { ip: string?, peer_ip: string?, port: integer?, tls: gw.ClientTLS? }
        ---@field auth { scheme: string, subject: string?, consumer: string?, scopes: string[]?, claims: table? }?
        ---@field request_id string
        ---@field trace { trace_id: string, span_id: string }?
        local Ctx = {}
        ---@return number milliseconds of the request's deadline; infinite without one
        function Ctx:remaining_ms() end

        ---What `on_log` is given.
        ---@class gw.LogRecord
        ---@field method string
        ---@field host string
        ---@field path string
        ---@field query string
        ---@field route string?
        ---@field client_ip string?
        ---@field request_id string
        ---@field upstream string?
        ---@field target string? the address of the endpoint
        ---@field end_reason string
        ---@field status integer?
        ---@field duration_ms number
        ---@field bytes_in integer
        ---@field bytes_out integer
        ---@field attempts integer
        ---@field upstream_ms number?

        ---@class gw.Reply
        ---@field status integer
        ---@field body string

        ---@class gw.HttpRequest
        ---@field upstream string its name; the filter's `uses.http` has it
        ---@field method? string
        ---@field path? string
        ---@field query? string|table<string, gw.Scalar|gw.Scalar[]>
        ---@field headers? gw.HeaderTable
        ---@field body? string|table a table is written as JSON
        ---@field timeout_ms? number 1000 without one
        ---@field max_body? integer bytes of the answer
        ---@field retries? integer 5 at most

        ---@class gw.HttpResponse
        ---@field status integer
        ---@field headers gw.Headers a copy
        ---@field body string


        """#
}
