extension LuaDefinitions {
    /// Stores, metrics and regular expressions: what modules make.
    static let objects = #"""
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


        """#
}
