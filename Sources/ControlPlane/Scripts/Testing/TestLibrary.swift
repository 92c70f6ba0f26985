/// The module `gw.test`: what a filter's tests are written with, in Lua, above a few calls into the bench.
enum TestLibrary {
    static let module = "gw.test"

    static let source = #"""
        local call, register = __test.call, __test.register
        local t = {}
        local names, hooks, failures = {}, {}, {}

        local function show(value)
          if type(value) == "string" then return string.format("%q", value) end
          if type(value) == "table" then return json.encode(value) or "a table" end
          return tostring(value)
        end

        local function same(a, b, depth)
          if a == b then return true end
          if type(a) ~= "table" or type(b) ~= "table" or depth > 32 then return false end
          for k, v in pairs(a) do if not same(v, b[k], depth + 1) then return false end end
          for k in pairs(b) do if a[k] == nil then return false end end
          return true
        end

        local function fail(message) error(message, 3) end

        function t.eq(actual, expected, note)
          if not same(actual, expected, 0) then
            fail((note and note .. ": " or "") .. "expected " .. show(expected) .. ", got " .. show(actual))
          end
        end
        function t.neq(actual, unwanted)
          if same(actual, unwanted, 0) then fail("expected anything but " .. show(unwanted)) end
        end
        function t.ok(value, note) if not value then fail(note or "expected a true value, got " .. show(value)) end end
        function t.match(text, pattern)
          if type(text) ~= "string" or not text:find(pattern) then
            fail("expected " .. show(text) .. " to match " .. show(pattern))
          end
        end
        function t.contains(text, part)
          if type(text) ~= "string" or not text:find(part, 1, true) then
            fail("expected " .. show(text) .. " to contain " .. show(part))
          end
        end
        function t.raises(fn, pattern)
          local ok, message = pcall(fn)
          if ok then fail("expected an error") end
          if pattern and not tostring(message):find(pattern) then
            fail("expected an error that matches " .. show(pattern) .. ", got " .. show(tostring(message)))
          end
        end

        function t.describe(name, fn)
          names[#names + 1] = name
          local depth = #hooks
          fn()
          while #hooks > depth do table.remove(hooks) end
          table.remove(names)
        end

        function t.before_each(fn) hooks[#hooks + 1] = fn end

        function t.it(name, fn)
          local full = table.concat(names, " ") .. (#names > 0 and " " or "") .. name
          call("begin", { name = full })
          local ok, message = xpcall(function()
            for _, hook in ipairs(hooks) do hook() end
            fn()
          end, function(message)
            if type(message) ~= "string" then message = "an error that is a " .. type(message) end
            return message
          end)
          call("finish", { ok = ok, message = ok and "" or message })
        end

        local Filter = {}
        Filter.__index = Filter

        local function unpack_body(message)
          if not message then return end
          if message.base64 then message.body = base64.decode(message.base64) end
          message.base64 = nil
          if message.chunks then
            for i, chunk in ipairs(message.chunks) do message.chunks[i] = base64.decode(chunk) end
          end
        end

        local function pack_body(message)
          if type(message) ~= "table" then return end
          local body = message.body
          if type(body) == "table" then
            message.json, message.body = true, json.encode(body)
            body = message.body
          end
          if type(body) == "string" and not utf8.len(body) then
            message.base64, message.body = base64.encode(body), nil
          end
          if message.chunks then
            local chunks = {}
            for i, chunk in ipairs(message.chunks) do chunks[i] = base64.encode(chunk) end
            message.chunks = chunks
          end
        end

        local function copy(value)
          if type(value) ~= "table" then return value end
          local result = {}
          for k, v in pairs(value) do result[k] = v end
          return result
        end

        function Filter:request(request)
          request = copy(request or {})
          pack_body(request)
          request.upstream = copy(request.upstream)
          pack_body(request.upstream)
          request.filter = self.number
          local result = call("request", request)
          unpack_body(result)
          unpack_body(result.req)
          unpack_body(result.reply)
          for _, sent in ipairs(result.sent or {}) do unpack_body(sent) end
          return result
        end

        --- Loads a filter under test: `options` may hold config, stores, upstreams, secrets, on_error, limits, when.
        function t.load(name, options)
          local loaded = call("load", { name = name, options = options or {} })
          return setmetatable({ number = loaded.number, name = name }, Filter)
        end

        --- Whether a configuration is accepted: true, or false and what is wrong with it.
        function t.check(name, options)
          local answer = call("check", { name = name, options = options or {} })
          return answer.ok, answer.message
        end

        function t.response(response) return response end

        --- Answers for an upstream that the filter calls.
        function t.http(upstream, fn)
          call("http", { upstream = upstream, fn = register(function(request)
            unpack_body(request)
            local response = fn(request) or {}
            response = copy(response)
            pack_body(response)
            return response
          end) })
        end
        function t.fail_http(upstream, how) call("fail_http", { upstream = upstream, how = how or "connect" }) end
        function t.http_calls(upstream) return call("http_calls", { upstream = upstream }).count end

        function t.advance(seconds) call("advance", { seconds = seconds }) end
        function t.logs() return call("logs", {}).lines end
        function t.metric(name, labels) return call("metric", { name = name, labels = labels or {} }).value end
        function t.secret(name, value) call("secret", { name = name, value = value }) end
        function t.store(name)
          return {
            get = function(_, key) return call("store_get", { store = name, key = key }).value end,
            set = function(_, key, value, ttl)
              call("store_set", { store = name, key = key, value = tostring(value), ttl = ttl or 0 })
            end,
            dump = function() return call("store_dump", { store = name }).values end,
          }
        end

        --- Sends random requests: none may make the filter fail.
        function t.fuzz(filter, options)
          options = options or {}
          local state = options.seed or 1
          local function random(n)
            state = (state * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
            return (state >> 24) % n + 1
          end
          local methods = { "GET", "POST", "PUT", "DELETE", "PATCH" }
          local parts = { "a", "/", "..", "%41", "%2e", "=", "&", "{", "}", "[", "]", "\"", ":", ",", "0", "-1",
            "null", "é", "\\",
            "query", "mutation", "...", "#", "(", ")", "$", "Bearer ", ";", "x" }
          local function text(n)
            local out = {}
            for i = 1, random(n) do out[i] = parts[random(#parts)] end
            return table.concat(out)
          end
          local header_names = options.headers or { "authorization", "cookie", "content-type", "x-id",
            "idempotency-key",
            "x-hub-signature-256", "stripe-signature", "accept" }
          for round = 1, options.n or 200 do
            local headers = {}
            for _ = 1, random(5) do headers[header_names[random(#header_names)]] = (text(12):gsub("[^ -~]", "")) end
            local request = { method = methods[random(#methods)], path = "/" .. url.escape(text(6)), headers = headers }
            if random(2) == 1 then request.query = url.escape(text(4)) .. "=" .. url.escape(text(8)) end
            if request.method ~= "GET" and random(3) > 1 then request.body = text(60) end
            if random(3) == 1 then headers["content-type"] = "application/json" end
            request.upstream = {
              status = ({ 200, 201, 204, 404, 500 })[random(5)], body = random(2) == 1 and text(40) or nil,
              headers = { ["content-type"] = random(2) == 1 and "application/json" or "text/plain" },
            }
            local r = filter:request(request)
            if r.outcome == "error" or r.outcome == "killed" then
              error("round " .. round .. " (seed " .. (options.seed or 1) .. "): " .. tostring(r.error), 2)
            end
          end
        end

        return t
        """#
}
