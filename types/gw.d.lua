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

---Shared by all workers, and kept over reloads. Tables are stored as JSON.
---@class gw.Store
local Store = {}
---@param key string
---@return any value
---@return gw.StoreError? err
function Store:get(key) end
---@param key string
---@param value gw.Scalar|table|nil nil deletes it
---@param ttl? number seconds
---@return boolean ok
---@return gw.StoreError? err
function Store:set(key, value, ttl) end
---Sets a value where there is none.
---@param key string
---@param value gw.Scalar|table
---@param ttl? number seconds
---@return boolean ok
---@return gw.StoreError? err
function Store:add(key, value, ttl) end
---@param key string
---@return boolean existed
function Store:delete(key) end
---@param key string
---@param delta? number
---@param init? number
---@param ttl? number seconds, of a new value
---@return number? value
---@return gw.StoreError? err
function Store:incr(key, delta, init, ttl) end
---Sets a value where the old one is as expected; nil stands for none.
---@param key string
---@param old gw.Scalar|table|nil
---@param new gw.Scalar|table|nil
---@param ttl? number seconds
---@return boolean? ok nil: it failed
---@return any current what is there, or why it failed
function Store:cas(key, old, new, ttl) end
---@param key string
---@return number? seconds infinite without an end
function Store:ttl(key) end
---@param key string
---@param ttl? number seconds; for ever without them
---@return boolean ok
---@return gw.StoreError? err
function Store:expire(key, ttl) end
---Limits a rate (GCRA).
---@param key string
---@param rate number per second
---@param burst number
---@param cost? number
---@return boolean? allowed nil: it failed
---@return number|gw.StoreError retry_after seconds, or why it failed
---@return integer? remaining
function Store:take(key, rate, burst, cost) end
---The stored value, or what `fill` returns: one caller runs it, the others wait.
---@async
---@param key string
---@param ttl number seconds
---@param fill async fun(): any, string?
---@param options? { stale?: number } seconds that an old value may stand in for a failure
---@return any value
---@return string? err "stale" beside an old value
function Store:remember(key, ttl, fill, options) end

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
---Observes the seconds that `work` takes.
---@async
---@param work async fun(): ...
---@param labels? gw.Labels
---@return any ... what `work` returned
function Histogram:time(work, labels) end
---@param labels gw.Labels
---@return gw.Histogram
function Histogram:with(labels) end

---@class gw.MetricOptions
---@field max_series? integer 1000 without it
---@field expire? number seconds after which a series that nobody touches is dropped
---@field labels_auto? ("route"|"filter")[]

---@class gw.HistogramOptions: gw.MetricOptions
---@field buckets? number[]

---Linear-time regular expressions: the syntax of RE2 for bytes, flags `i`, `s`, `m`.
---@class re.Regex
local Regex = {}
---Its groups, or all of it without groups; a group that took no part is `false`.
---@param subject string
---@param init? integer
---@return string|false|nil ...
function Regex:match(subject, init) end
---@param subject string
---@param init? integer
---@return integer? first
---@return integer? last
---@return string|false ...
function Regex:find(subject, init) end
---@param subject string
---@param init? integer
---@return boolean
function Regex:test(subject, init) end
---@param subject string
---@return fun(): string|false ...
function Regex:gmatch(subject) end
---@param subject string
---@param replacement string|number|table|function
---@param count? integer
---@return string
---@return integer count
function Regex:gsub(subject, replacement, count) end

gw = { http = {}, timer = {}, metrics = {}, log = {} }
---@async
---@param request gw.HttpRequest
---@return gw.HttpResponse?
---@return gw.HttpError? err
function gw.http.call(request) end
---Several at once.
---@async
---@param requests gw.HttpRequest[]
---@param options? { fail_fast?: boolean }
---@return { [1]: gw.HttpResponse|false, [2]: gw.HttpError? }[]
function gw.http.all(requests, options) end
---Nobody waits for the answer.
---@param request gw.HttpRequest
---@return boolean
---@return gw.HttpError? err
function gw.http.send(request) end
---@async
---@param milliseconds number 5000 at most
function gw.sleep(milliseconds) end
---While the script is loaded, with `uses.timers`.
---@param milliseconds number from 100 on
---@param task async fun()
---@param options? { scope?: "gateway"|"worker", jitter?: number }
function gw.timer.every(milliseconds, task, options) end
---@param name string
---@return gw.Store
function gw.store(name) end
---While the script is loaded.
---@param name string
---@param help string
---@param labels? string[]
---@param options? gw.MetricOptions
---@return gw.Counter
function gw.metrics.counter(name, help, labels, options) end
---While the script is loaded.
---@param name string
---@param help string
---@param labels? string[]
---@param options? gw.MetricOptions
---@return gw.Gauge
function gw.metrics.gauge(name, help, labels, options) end
---While the script is loaded.
---@param name string
---@param help string
---@param labels? string[]
---@param options? gw.HistogramOptions
---@return gw.Histogram
function gw.metrics.histogram(name, help, labels, options) end
---@param message any
---@param fields? table<string, any>
function gw.log.debug(message, fields) end
---@param message any
---@param fields? table<string, any>
function gw.log.info(message, fields) end
---@param message any
---@param fields? table<string, any>
function gw.log.warn(message, fields) end
---@param message any
---@param fields? table<string, any>
function gw.log.error(message, fields) end
---To be returned by a phase.
---@param status integer
---@param headers? gw.HeaderTable
---@param body? string|number|table a table is written as JSON
---@return gw.Reply
function gw.reply(status, headers, body) end
---@return integer seconds since 1970
function gw.now() end
---@return integer milliseconds since 1970
function gw.now_ms() end
---@return number seconds
function gw.monotonic() end
---@param name string the filter's `uses.env` has it
---@return string?
function gw.env(name) end
---@param name string the filter's `uses.secrets` has it
---@return string
function gw.secret(name) end

---@class jsonlib
---@field null lightuserdata what stands for null in tables
json = {}
---@param value any
---@param options? { pretty?: boolean, empty_array?: boolean }
---@return string?
---@return string? err
function json.encode(value, options) end
---@param text string
---@param options? { max_depth?: integer }
---@return any value
---@return string? err
function json.decode(text, options) end
---Has a table written as an array, also when it is empty.
---@param items? table
---@return table
function json.array(items) end

base64, hex = {}, {}
---@param bytes string
---@return string
function base64.encode(bytes) end
---@param text string
---@return string?
---@return string? err
function base64.decode(text) end
---@param bytes string
---@return string
function base64.url_encode(bytes) end
---@param text string
---@return string?
---@return string? err
function base64.url_decode(text) end
---@param bytes string
---@return string
function hex.encode(bytes) end
---@param text string
---@return string?
---@return string? err
function hex.decode(text) end

---@class gw.Url
---@field scheme? string
---@field userinfo? string
---@field host? string
---@field port? integer
---@field path string
---@field query? string
---@field fragment? string

url = {}
---@param text string
---@return gw.Url?
---@return string? err
function url.parse(text) end
---@param text string
---@return string
function url.escape(text) end
---@param text string
---@return string?
---@return string? err
function url.unescape(text) end
---@param arguments table<string, gw.Scalar|gw.Scalar[]>
---@return string
function url.encode_query(arguments) end
---@param query string
---@return table<string, string|string[]>?
---@return string? err
function url.decode_query(query) end

text, time = {}, {}
---@param pattern string
---@param subject string
---@return boolean
function text.glob(pattern, subject) end
---@param subject string
---@param separator string
---@param count? integer how many pieces at most
---@return string[]
function text.split(subject, separator, count) end
---@param subject string
---@return string
function text.trim(subject) end
---@param date string
---@return integer? seconds
---@return string? err
function time.parse_http(date) end
---@param seconds number
---@return string
function time.format_http(seconds) end
---@param date string
---@return number? seconds
---@return string? err
function time.parse_iso(date) end
---@param seconds number
---@param digits? integer of the fraction
---@return string
function time.format_iso(seconds, digits) end

---@alias gw.DigestForm "hex"|"raw"
---@alias gw.SignatureAlgorithm
---| "RS256"
---| "RS384"
---| "RS512"
---| "PS256"
---| "PS384"
---| "PS512"
---| "ES256"
---| "ES384"
---| "EdDSA"

crypto, jwt = {}, {}
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.sha1(bytes, form) end
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.sha256(bytes, form) end
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.sha512(bytes, form) end
---@param key string
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.hmac_sha1(key, bytes, form) end
---@param key string
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.hmac_sha256(key, bytes, form) end
---@param key string
---@param bytes string
---@param form? gw.DigestForm
---@return string
function crypto.hmac_sha512(key, bytes, form) end
---Texts of one length take one time, whatever they are.
---@param left string
---@param right string
---@return boolean
function crypto.equal(left, right) end
---@param count integer 1024 at most
---@return string
function crypto.random(count) end
---@return string
function crypto.uuid() end
---@param algorithm gw.SignatureAlgorithm
---@param pem string
---@param signature string
---@param data string
---@return boolean? valid nil: it could not be verified
---@return string? err
function crypto.verify(algorithm, pem, signature, data) end
---Does not verify anything.
---@param token string
---@return table? header
---@return table|string claims or why there is no header
function jwt.decode(token) end

re = {}
---Raises where the pattern is none.
---@param pattern string
---@param flags? string
---@return re.Regex
function re.compile(pattern, flags) end
