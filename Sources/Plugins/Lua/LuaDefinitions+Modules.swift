extension LuaDefinitions {
    /// What scripts call by the name of a module.
    static let modules = #"""
        gw = { http = {}, timer = {}, metrics = {}, log = {} }
        ---@async
        ---@param request gw.HttpRequest
        ---@return gw.HttpResponse?
        ---@return gw.HttpError? err
        function gw.http.call(request) end
        ---@async
        ---@param requests gw.HttpRequest[]
        ---@param options? { fail_fast: boolean }
        ---@return { [1]: gw.HttpResponse?, [2]: gw.HttpError? }[]
        function gw.http.all(requests, options) end
        ---@param request gw.HttpRequest
        ---@return boolean
        ---@return gw.HttpError? err
        function gw.http.send(request) end
        ---@async
        ---@param milliseconds number
        function gw.sleep(milliseconds) end
        ---@param milliseconds number
        ---@param task fun()
        ---@param options? { scope?: "gateway"|"worker", jitter?: number }
        function gw.timer.every(milliseconds, task, options) end
        ---@param name string
        ---@return gw.Store
        function gw.store(name) end
        ---@param name string
        ---@param help string
        ---@param labels? string[]
        ---@param options? { max_series?: integer, expire?: number }
        ---@return gw.Counter
        function gw.metrics.counter(name, help, labels, options) end
        ---@param name string
        ---@param help string
        ---@param labels? string[]
        ---@param options? { max_series?: integer, expire?: number }
        ---@return gw.Gauge
        function gw.metrics.gauge(name, help, labels, options) end
        ---@param name string
        ---@param help string
        ---@param labels? string[]
        ---@param options? { buckets?: number[], max_series?: integer, expire?: number }
        ---@return gw.Histogram
        function gw.metrics.histogram(name, help, labels, options) end
        ---@param message string
        ---@param fields? table<string, any>
        function gw.log.debug(message, fields) end
        ---@param message string
        ---@param fields? table<string, any>
        function gw.log.info(message, fields) end
        ---@param message string
        ---@param fields? table<string, any>
        function gw.log.warn(message, fields) end
        ---@param message string
        ---@param fields? table<string, any>
        function gw.log.error(message, fields) end
        ---@param status integer
        ---@param headers? table<string, string|string[]>
        ---@param body? string|table
        ---@return any
        function gw.reply(status, headers, body) end
        ---@return number seconds since 1970
        function gw.now() end
        ---@return integer milliseconds since 1970
        function gw.now_ms() end
        ---@return number seconds
        function gw.monotonic() end
        ---@param name string
        ---@return string?
        function gw.env(name) end
        ---@param name string
        ---@return string
        function gw.secret(name) end

        json = { null = nil }
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
        ---@param items table
        ---@return table
        function json.array(items) end

        base64, hex = {}, {}
        ---@param bytes string
        ---@return string
        function base64.encode(bytes) end
        ---@param text string
        ---@return string?
        function base64.decode(text) end
        ---@param bytes string
        ---@return string
        function base64.url_encode(bytes) end
        ---@param text string
        ---@return string?
        function base64.url_decode(text) end
        ---@param bytes string
        ---@return string
        function hex.encode(bytes) end
        ---@param text string
        ---@return string?
        function hex.decode(text) end

        url = {}
        ---@param text string
        ---@return table?
        ---@return string? err
        function url.parse(text) end
        ---@param text string
        ---@return string
        function url.escape(text) end
        ---@param text string
        ---@return string
        function url.unescape(text) end
        ---@param arguments table<string, string|string[]>
        ---@return string
        function url.encode_query(arguments) end
        ---@param query string
        ---@return table<string, string|string[]>
        function url.decode_query(query) end

        text, time = {}, {}
        ---@param pattern string
        ---@param subject string
        ---@return boolean
        function text.glob(pattern, subject) end
        ---@param subject string
        ---@param separator string
        ---@param count? integer
        ---@return string[]
        function text.split(subject, separator, count) end
        ---@param subject string
        ---@return string
        function text.trim(subject) end
        ---@param date string
        ---@return number?
        function time.parse_http(date) end
        ---@param seconds number
        ---@return string
        function time.format_http(seconds) end
        ---@param date string
        ---@return number?
        function time.parse_iso(date) end
        ---@param seconds number
        ---@return string
        function time.format_iso(seconds) end

        crypto, jwt = {}, {}
        ---@param bytes string
        ---@return string
        function crypto.sha1(bytes) end
        ---@param bytes string
        ---@return string
        function crypto.sha256(bytes) end
        ---@param bytes string
        ---@return string
        function crypto.sha512(bytes) end
        ---@param key string
        ---@param bytes string
        ---@return string
        function crypto.hmac_sha1(key, bytes) end
        ---@param key string
        ---@param bytes string
        ---@return string
        function crypto.hmac_sha256(key, bytes) end
        ---@param key string
        ---@param bytes string
        ---@return string
        function crypto.hmac_sha512(key, bytes) end
        ---@param left string
        ---@param right string
        ---@return boolean
        function crypto.equal(left, right) end
        ---@param count integer
        ---@return string
        function crypto.random(count) end
        ---@return string
        function crypto.uuid() end
        ---@param algorithm string
        ---@param pem string
        ---@param signature string
        ---@param data string
        ---@return boolean
        ---@return string? err
        function crypto.verify(algorithm, pem, signature, data) end
        ---Does not verify anything.
        ---@param token string
        ---@return table? header
        ---@return table|string claims
        function jwt.decode(token) end

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
        ---@param replacement string|table|function
        ---@param count? integer
        ---@return string
        ---@return integer
        function Regex:gsub(subject, replacement, count) end

        re = {}
        ---@param pattern string
        ---@param flags? string
        ---@return re.Regex
        function re.compile(pattern, flags) end

        """#
}
