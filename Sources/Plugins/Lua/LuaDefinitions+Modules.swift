extension LuaDefinitions {
    /// What scripts call by the name of a module.
    static let modules = #"""
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

        """#
}
