local t = require "gw.test"

local count = 0
local function load(config) return t.load("idempotency-key", { config = config, stores = { "idempotency" } }) end
-- A key of its own for each test.
local function fresh()
  count = count + 1
  return "key-" .. count
end
local function post(key, more)
  local q = { method = "POST", path = "/orders", headers = { ["idempotency-key"] = key, ["content-type"] = "application/json" },
              body = '{"n":1}', upstream = { status = 201, headers = { ["content-type"] = "application/json" }, body = '{"id":1}' } }
  for name, value in pairs(more or {}) do q[name] = value end
  return q
end
local function user(name) return { scheme = "jwt", subject = name, claims = {} } end

t.describe("the same request again", function()
  t.it("gets the first answer, and does not reach the upstream", function()
    local f, key = load(), fresh()
    local first = f:request(post(key, { upstream = { status = 201,
      headers = { ["content-type"] = "application/json", location = "/orders/1", ["set-cookie"] = "a=b" }, body = '{"id":1}' } }))
    t.eq(first.status, 201)
    t.neq(first.req, nil)
    local again = f:request(post(key, { upstream = { status = 500, body = "must not be asked" } }))
    t.eq(again.req, nil)
    t.eq(again.status, 201)
    t.eq(again.body, '{"id":1}')
    t.eq(again.headers["location"], "/orders/1")
    t.eq(again.headers["content-type"], "application/json")
    t.eq(again.headers["idempotency-replayed"], "true")
    t.eq(again.headers["set-cookie"], nil)
  end)

  t.it("gets any bytes back", function()
    local f, key = load(), fresh()
    local body = "\0\1\n\n\255done x\n"
    f:request(post(key, { upstream = { status = 200, body = body } }))
    t.eq(f:request(post(key)).body, body)
  end)

  t.it("gets refusals of the upstream too", function()
    local f, key = load(), fresh()
    f:request(post(key, { upstream = { status = 422, body = "no" } }))
    local again = f:request(post(key))
    t.eq(again.status, 422)
    t.eq(again.req, nil)
  end)

  t.it("is a new one after a while", function()
    local f, key = load{ ttl = "60s" }, fresh()
    f:request(post(key))
    t.advance(61)
    t.neq(f:request(post(key)).req, nil)
  end)
end)

t.describe("another request with the key", function()
  t.it("is refused with 422", function()
    local f, key = load(), fresh()
    f:request(post(key))
    for _, more in ipairs{ { body = '{"n":2}' }, { path = "/other" }, { query = "a=1" }, { method = "PATCH" } } do
      local r = f:request(post(key, more))
      t.eq(r.status, 422)
      t.eq(r.req, nil)
    end
  end)

  t.it("by another caller is another request", function()
    local f, key = load(), fresh()
    f:request(post(key, { auth = user("ada") }))
    t.neq(f:request(post(key, { auth = user("bob") })).req, nil)
    t.eq(f:request(post(key, { auth = user("ada") })).req, nil)
    t.neq(f:request(post(key, { client_ip = "192.0.2.9" })).req, nil)
    local q = post(key)
    q.headers.authorization = "Bearer one"
    t.neq(f:request(q).req, nil)
    t.eq(f:request(q).req, nil)
    q.headers.authorization = "Bearer two"
    t.neq(f:request(q).req, nil)
  end)

  t.it("by another caller is the same where keys are global", function()
    local f, key = load{ scope = "global" }, fresh()
    f:request(post(key, { auth = user("ada") }))
    t.eq(f:request(post(key, { auth = user("bob") })).req, nil)
  end)
end)

t.describe("while the first one is under way", function()
  -- Timeouts leave the lock where it is.
  local function held(f, key)
    local store = t.store("idempotency")
    f:request(post(key))
    for name, value in pairs(store:dump()) do
      if type(value) == "string" and value:sub(1, 5) == "done " and value:find('{"id":1}', 1, true) then
        store:set(name, "lock " .. value:sub(6, 69) .. " token", 60)
      end
    end
  end

  t.it("the second is refused with 409", function()
    local f, key = load(), fresh()
    held(f, key)
    local r = f:request(post(key))
    t.eq(r.status, 409)
    t.eq(r.headers["retry-after"], "1")
    t.eq(r.req, nil)
    t.eq(f:request(post(key, { body = "{}" })).status, 422)
    t.advance(61)
    t.neq(f:request(post(key)).req, nil)
  end)
end)

t.describe("after an error", function()
  t.it("of the upstream the key is free", function()
    local f, key = load(), fresh()
    for _, status in ipairs{ 500, 503, 429, 408 } do
      t.eq(f:request(post(key, { upstream = { status = status } })).status, status)
    end
    local r = f:request(post(key))
    t.eq(r.status, 201)
    t.neq(r.req, nil)
    t.eq(f:request(post(key)).req, nil)
  end)

  t.it("the key may be taken with another payload", function()
    local f, key = load(), fresh()
    f:request(post(key, { upstream = { status = 500 } }))
    t.neq(f:request(post(key, { body = "{}" })).req, nil)
  end)
end)

t.describe("answers that are too large", function()
  local function large(size)
    return { status = 201, headers = { ["content-length"] = tostring(size), ["content-type"] = "text/plain" }, body = ("x"):rep(size) }
  end

  t.it("pass once, and the work is not done twice", function()
    local f, key = load{ max_body = "1KiB" }, fresh()
    local r = f:request(post(key, { upstream = large(2000) }))
    t.eq(r.status, 201)
    t.eq(#r.body, 2000)
    r = f:request(post(key))
    t.eq(r.status, 409)
    t.match(r.body, "too large")
    t.eq(r.req, nil)
  end)

  t.it("are kept up to the limit", function()
    local f, key = load(), fresh()
    f:request(post(key, { upstream = large(61440) }))
    t.eq(#f:request(post(key)).body, 61440)
  end)
end)

t.describe("keys", function()
  t.it("are printable and not too long", function()
    local f = load()
    for _, key in ipairs{ "", "a b", ("k"):rep(256), "ä" } do
      local r = f:request(post(key))
      t.eq(r.status, 400)
      t.eq(r.req, nil)
    end
    t.eq(f:request(post(("k"):rep(255))).status, 201)
  end)

  t.it("come once", function()
    local q = post(fresh())
    q.headers["idempotency-key"] = { "a", "b" }
    t.eq(load():request(q).status, 400)
  end)

  t.it("may be left out, unless they are required", function()
    local q = post(nil)
    t.neq(load():request(q).req, nil)
    local r = load{ required = true }:request(q)
    t.eq(r.status, 400)
    t.match(r.body, "missing")
  end)

  t.it("mean nothing with other methods", function()
    local f, key = load(), fresh()
    f:request(post(key, { method = "GET", body = "" }))
    t.neq(f:request(post(key, { method = "GET", body = "" })).req, nil)
  end)
end)

t.it("does not let the upstream compress what may be given to others", function()
  local q = post(fresh())
  q.headers["accept-encoding"] = "gzip"
  t.eq(load():request(q).req.headers["accept-encoding"], nil)
end)

t.it("never keeps cookies", function() t.raises(function() load{ keep_headers = { "Set-Cookie" } } end, "set%-cookie") end)

t.it("counts", function()
  local f, key = load(), fresh()
  local before = t.metric("idempotency_requests_total", { result = "replayed" })
  f:request(post(key))
  f:request(post(key))
  t.eq(t.metric("idempotency_requests_total", { result = "replayed" }) - before, 1)
end)

t.it("survives anything", function() t.fuzz(load(), { n = 300, seed = 8 }) end)
