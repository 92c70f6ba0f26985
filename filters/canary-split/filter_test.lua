local t = require "gw.test"

local TOKEN, KEY = "a-long-token-for-tests", "a-long-key-for-cookies"
local count = 0
-- An experiment of its own for each test, so that none sees the switch of another.
local function load(config)
  count = count + 1
  config.experiment = config.experiment or "test" .. count
  if config.role ~= "switch" then config.upstream = config.upstream or "orders-v2" end
  return t.load("canary-split", { config = config, stores = { "canary" } }), config.experiment
end
local function arm(f, q) return f:request(q or {}).vars.arm end
local function subject(name) return { auth = { scheme = "jwt", subject = name, claims = { sub = name } } } end
local function share(f, make)
  local hits = 0
  for index = 1, 1000 do if arm(f, make(index)) == "canary" then hits = hits + 1 end end
  return hits / 10
end

t.describe("the share", function()
  t.it("may be nothing, and is by default", function()
    local f = load{}
    for _ = 1, 50 do t.eq(arm(f), "stable") end
  end)

  t.it("may be everything", function()
    local f = load{ percent = 100 }
    for _ = 1, 50 do t.eq(arm(f), "canary") end
  end)

  t.it("holds for subjects", function()
    local f = load{ percent = 20, sticky = "subject" }
    local percent = share(f, function(index) return subject("user" .. index) end)
    t.ok(percent > 15 and percent < 25)
  end)

  t.it("holds for requests", function()
    local f = load{ percent = 50, sticky = "none" }
    local percent = share(f, function() return {} end)
    t.ok(percent > 40 and percent < 60)
  end)

  t.it("keeps those who have it when it grows", function()
    local small = load{ percent = 10, sticky = "subject", experiment = "grow" }
    local large = load{ percent = 40, sticky = "subject", experiment = "grow" }
    for index = 1, 300 do
      if arm(small, subject("u" .. index)) == "canary" then t.eq(arm(large, subject("u" .. index)), "canary") end
    end
  end)
end)

t.describe("subjects", function()
  t.it("stay with their arm", function()
    local f = load{ percent = 50, sticky = "subject" }
    for index = 1, 50 do t.eq(arm(f, subject("s" .. index)), arm(f, subject("s" .. index))) end
  end)

  t.it("that are missing stay on the stable arm", function()
    t.eq(arm((load{ percent = 100, sticky = "subject" })), "stable")
  end)
end)

t.describe("cookies", function()
  local function cookie_of(r) return (r.headers["set-cookie"] or ""):match("^([^;]*)") end

  t.it("are set once, and keep the arm", function()
    local f = load{ percent = 50 }
    for _ = 1, 30 do
      local first = f:request{}
      local second = f:request{ headers = { cookie = "a=b; " .. cookie_of(first) } }
      t.eq(second.vars.arm, first.vars.arm)
      t.eq(second.headers["set-cookie"], nil)
    end
  end)

  t.it("are not for scripts, and not for shared caches", function()
    local r = load{ percent = 50 }:request{}
    t.contains(r.headers["set-cookie"], "HttpOnly")
    t.contains(r.headers["set-cookie"], "SameSite=Lax")
    t.eq(r.headers["cache-control"], "private")
  end)

  t.it("that are none of ours are replaced", function()
    local f = load{ percent = 50 }
    for _, value in ipairs{ "", "x", "-1", "99999", "1e3", "0x10", "12.34", ("1"):rep(500), "1;2" } do
      local r = f:request{ headers = { cookie = "canary=" .. value } }
      t.eq(r.outcome, "continue")
      if value ~= "1;2" then t.match(r.headers["set-cookie"], "^canary=%d+;") end
    end
  end)

  t.it("choose the arm when they are not signed", function()
    t.eq(arm(load{ percent = 1 }, { headers = { cookie = "canary=0" } }), "canary")
  end)

  t.it("do not choose the arm when they are signed", function()
    local f = load{ percent = 50, cookie_key = KEY }
    local r = f:request{ headers = { cookie = "canary=0" } }
    t.match(r.headers["set-cookie"], "^canary=%d+%.%x+;")
    r = f:request{ headers = { cookie = "canary=0." .. ("0"):rep(32) } }
    t.match(r.headers["set-cookie"], "^canary=%d+%.%x+;")
    local given = cookie_of(f:request{})
    t.eq(f:request{ headers = { cookie = given } }.headers["set-cookie"], nil)
    local forged = given:gsub("=%d+", "=0", 1)
    if forged ~= given then t.neq(f:request{ headers = { cookie = forged } }.headers["set-cookie"], nil) end
  end)
end)

t.describe("the kill switch", function()
  local function bearer(method, query, token)
    return { method = method, query = query, headers = { authorization = "Bearer " .. (token or TOKEN) } }
  end

  t.it("sends everybody to the stable arm, and back", function()
    local f, name = load{ percent = 100 }
    local switch = load{ role = "switch", token = TOKEN, experiment = name }
    t.eq(arm(f), "canary")
    local r = switch:request(bearer("PUT", "state=off"))
    t.eq(r.status, 200)
    t.eq(json.decode(r.body).state, "off")
    t.eq(arm(f), "stable")
    t.eq(json.decode(switch:request(bearer("GET")).body).by, "switch")
    switch:request(bearer("PUT", "state=on"))
    t.eq(arm(f), "canary")
  end)

  t.it("is only for those who have the token", function()
    local f, name = load{ percent = 100 }
    local switch = load{ role = "switch", token = TOKEN, experiment = name }
    t.eq(switch:request(bearer("PUT", "state=off", "wrong")).status, 401)
    t.eq(switch:request{ method = "PUT", query = "state=off" }.status, 401)
    t.eq(switch:request{ method = "PUT", query = "state=off",
      headers = { authorization = { "Bearer " .. TOKEN, "Bearer x" } } }.status, 401)
    t.eq(arm(f), "canary")
  end)

  t.it("knows on and off, and no other methods", function()
    local switch = load{ role = "switch", token = TOKEN }
    t.eq(switch:request(bearer("PUT", "state=maybe")).status, 400)
    t.eq(switch:request(bearer("POST")).status, 400)
    t.eq(switch:request(bearer("DELETE")).status, 405)
  end)

  t.it("does not concern other experiments", function()
    local f = load{ percent = 100 }
    load{ role = "switch", token = TOKEN, experiment = "another" }:request(bearer("PUT", "state=off"))
    t.eq(arm(f), "canary")
  end)

  t.it("needs a token, as the split needs an upstream", function()
    t.raises(function() load{ role = "switch" } end, "token")
    t.raises(function() t.load("canary-split", { config = {}, stores = { "canary" } }) end, "upstream")
  end)
end)

t.describe("errors", function()
  t.it("stop the experiment when there are too many", function()
    local f = load{ percent = 100, auto_stop = { error_percent = 50, min_requests = 4, window = "60s" } }
    for _ = 1, 3 do f:request{ upstream = { status = 500 } } end
    t.eq(arm(f, { upstream = { status = 502 } }), "canary")
    t.eq(arm(f), "stable")
  end)

  t.it("do not stop it when there are few", function()
    local f = load{ percent = 100, auto_stop = { error_percent = 50, min_requests = 4, window = "60s" } }
    for index = 1, 20 do f:request{ upstream = { status = index % 4 == 0 and 500 or 200 } } end
    t.eq(arm(f), "canary")
  end)

  t.it("never stop it by default", function()
    local f = load{ percent = 100 }
    for _ = 1, 100 do f:request{ upstream = { status = 500 } } end
    t.eq(arm(f), "canary")
  end)
end)

t.it("counts by arm", function()
  local f, name = load{ percent = 100 }
  f:request{ upstream = { status = 503 } }
  t.eq(t.metric("canary_requests_total", { experiment = name, arm = "canary", class = "5xx" }), 1)
  t.eq(t.metric("canary_request_duration_seconds", { experiment = name, arm = "canary" }), 1)
end)

t.it("survives anything", function() t.fuzz(load{ percent = 50 }, { n = 300, seed = 7 }) end)
