local t = require "gw.test"

local function load(config) return t.load("ext-authz-cache", { config = config, stores = { "authz" } }) end
local function answers(status, headers)
  local seen = {}
  t.http("authz", function(q)
    seen[#seen + 1] = q
    return { status = status, headers = headers or {}, body = "" }
  end)
  return seen
end
local function calls(run)
  local before = t.http_calls("authz")
  run()
  return t.http_calls("authz") - before
end
local function with(token, more)
  local headers = { authorization = token }
  for name, value in pairs(more or {}) do headers[name] = value end
  return { path = "/a", headers = headers }
end

t.describe("decisions", function()
  t.it("let a request through, and are remembered", function()
    local f = load()
    answers(200)
    local hits = t.metric("authz_cache_total", { result = "hit" })
    t.eq(calls(function()
      t.eq(f:request(with("Bearer a1")).outcome, "continue")
      t.eq(f:request(with("Bearer a1")).outcome, "continue")
    end), 1)
    t.eq(t.metric("authz_cache_total", { result = "hit" }) - hits, 1)
    t.advance(61)
    t.eq(calls(function() f:request(with("Bearer a1")) end), 1)
  end)

  t.it("are kept by credential, method, host and path", function()
    local f = load()
    answers(200)
    t.eq(calls(function()
      f:request{ path = "/a", headers = { authorization = "Bearer b1" } }
      f:request{ path = "/b", headers = { authorization = "Bearer b1" } }
      f:request{ path = "/a", headers = { authorization = "Bearer b2" } }
      f:request{ path = "/a", method = "DELETE", headers = { authorization = "Bearer b1" } }
      f:request{ path = "/a", host = "other.example", headers = { authorization = "Bearer b1" } }
      f:request{ path = "/a", query = "x=1", headers = { authorization = "Bearer b1" } }
    end), 5)
  end)

  t.it("are kept by the query when it is sent", function()
    local f = load{ query = true }
    local seen = answers(200)
    t.eq(calls(function()
      f:request{ path = "/q", query = "x=1", headers = { authorization = "Bearer c1" } }
      f:request{ path = "/q", query = "x=2", headers = { authorization = "Bearer c1" } }
    end), 2)
    t.eq(seen[1].headers["x-original-uri"], "/q?x=1")
  end)

  t.it("are asked for with what the service needs", function()
    local f = load{ path = "/v1/check", send = { "X-Device" } }
    local seen = answers(200)
    f:request{ method = "PUT", path = "/thing", host = "api.example", headers = { authorization = "Bearer d1", ["x-device"] = "phone" } }
    t.eq(seen[1].method, "GET")
    t.eq(seen[1].path, "/v1/check")
    t.eq(seen[1].headers["authorization"], "Bearer d1")
    t.eq(seen[1].headers["x-original-method"], "PUT")
    t.eq(seen[1].headers["x-original-host"], "api.example")
    t.eq(seen[1].headers["x-original-uri"], "/thing")
    t.eq(seen[1].headers["x-device"], "phone")
    t.eq(calls(function() f:request{ method = "PUT", path = "/thing", host = "api.example",
      headers = { authorization = "Bearer d1", ["x-device"] = "desk" } } end), 1)
  end)
end)

t.describe("refusals", function()
  t.it("are 401 or 403, and never reach the upstream", function()
    local f = load()
    answers(403)
    local r = f:request(with("Bearer e1"))
    t.eq(r.reply.status, 403)
    t.eq(r.req, nil)
    answers(401, { ["www-authenticate"] = "Bearer error=\"invalid_token\"" })
    r = f:request(with("Bearer e2"))
    t.eq(r.reply.status, 401)
    t.contains(r.reply.headers["www-authenticate"], "invalid_token")
  end)

  t.it("are remembered for a shorter time", function()
    local f = load{ negative_ttl = "5s" }
    answers(403)
    t.eq(calls(function() f:request(with("Bearer f1")) f:request(with("Bearer f1")) end), 1)
    t.advance(6)
    answers(200)
    t.eq(f:request(with("Bearer f1")).outcome, "continue")
  end)

  t.it("come without asking when there is no credential", function()
    local f = load()
    answers(200)
    t.eq(calls(function()
      local r = f:request{ path = "/a" }
      t.eq(r.reply.status, 401)
      t.match(r.reply.body, "missing")
    end), 0)
  end)

  t.it("come when there are two credentials", function()
    local f = load()
    answers(200)
    local r = f:request{ path = "/a", headers = { authorization = { "Bearer g1", "Bearer g2" } } }
    t.eq(r.reply.status, 400)
  end)
end)

t.describe("a service that fails", function()
  t.it("closes the way", function()
    local f = load()
    for _, how in ipairs{ "timeout", "connect", "reset" } do
      t.fail_http("authz", how)
      local r = f:request(with("Bearer h-" .. how))
      t.eq(r.reply.status, 503)
      t.eq(r.req, nil)
    end
  end)

  t.it("is not a decision, whatever status it answers", function()
    local f = load()
    for _, status in ipairs{ 302, 404, 429, 500, 503 } do
      answers(status)
      t.eq(f:request(with("Bearer i" .. status)).reply.status, 503)
    end
    answers(200)
    t.eq(f:request(with("Bearer i500")).outcome, "continue")
  end)

  t.it("is bridged by the last decision, for some time", function()
    local f = load{ ttl = "10s", stale = "60s" }
    answers(200)
    f:request(with("Bearer j1"))
    t.advance(11)
    t.fail_http("authz", "timeout")
    local stale = t.metric("authz_cache_total", { result = "stale" })
    t.eq(f:request(with("Bearer j1")).outcome, "continue")
    t.eq(t.metric("authz_cache_total", { result = "stale" }) - stale, 1)
    t.advance(61)
    t.eq(f:request(with("Bearer j1")).reply.status, 503)
  end)

  t.it("is not bridged when that is not wanted", function()
    local f = load{ ttl = "10s", stale = "0s" }
    answers(200)
    f:request(with("Bearer k1"))
    t.advance(11)
    t.fail_http("authz", "connect")
    t.eq(f:request(with("Bearer k1")).reply.status, 503)
  end)
end)

t.describe("fields of the answer", function()
  t.it("go to the upstream, cached ones too, and never those of the client", function()
    local f = load{ forward = { "x-user", "x-role" } }
    answers(200, { ["x-user"] = "u1", ["x-other"] = "no" })
    for _ = 1, 2 do
      local r = f:request(with("Bearer l1", { ["x-user"] = "admin", ["x_user"] = "admin", ["x-role"] = "admin" }))
      t.eq(r.req.headers["x-user"], "u1")
      t.eq(r.req.headers["x_user"], nil)
      t.eq(r.req.headers["x-role"], nil)
      t.eq(r.req.headers["x-other"], nil)
    end
  end)

  t.it("that are too long are left out", function()
    local f = load{ forward = { "x-user" } }
    answers(200, { ["x-user"] = ("x"):rep(2000) })
    t.eq(f:request(with("Bearer m1")).req.headers["x-user"], nil)
  end)
end)

t.describe("other credentials", function()
  t.it("may be cookies", function()
    local f = load{ header = "cookie" }
    local seen = answers(200)
    t.eq(f:request{ path = "/n", headers = { cookie = "sid=1" } }.outcome, "continue")
    t.eq(seen[1].headers["cookie"], "sid=1")
  end)

  t.it("may be none", function()
    local f = load{ anonymous = true }
    answers(200)
    t.eq(f:request{ path = "/o" }.outcome, "continue")
  end)
end)

t.it("the credential cannot be forwarded over", function()
  t.raises(function() load{ header = "x-key", forward = { "X_Key" } } end)
end)

t.it("survives anything", function()
  answers(200)
  t.fuzz(load(), { n = 200, seed = 3 })
end)
