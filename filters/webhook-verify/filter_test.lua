local t = require "gw.test"

local SECRET, OLD = "whsec_test_secret", "whsec_old_secret"
local function load(config)
  config.secrets = config.secrets or { SECRET }
  return t.load("webhook-verify", { config = config, stores = { "webhooks" } })
end
local function github(body, secret)
  return { method = "POST", path = "/hook", body = body,
    headers = { ["x-hub-signature-256"] = "sha256=" .. crypto.hmac_sha256(secret or SECRET, body) } }
end
local function stripe(body, time, secret)
  local sum = crypto.hmac_sha256(secret or SECRET, time .. "." .. body)
  return { method = "POST", path = "/hook", body = body, headers = { ["stripe-signature"] = "t=" .. time .. ",v1=" .. sum } }
end
-- The clock of the test: a signature that is out of time tells nothing else.
local function now() return gw and gw.now() or 1760000000 end

t.describe("github", function()
  t.it("takes what is signed, with the body as it came", function()
    local r = load{ scheme = "github" }:request(github('{"n":1}'))
    t.eq(r.outcome, "continue")
    t.eq(r.req.body, '{"n":1}')
  end)

  t.it("takes upper-case digits", function()
    local q = github('{"n":2}')
    q.headers["x-hub-signature-256"] = "sha256=" .. q.headers["x-hub-signature-256"]:sub(8):upper()
    t.eq(load{ scheme = "github" }:request(q).outcome, "continue")
  end)

  t.it("refuses a body that was changed", function()
    local q = github('{"n":3}')
    q.body = '{"n":4}'
    local r = load{ scheme = "github" }:request(q)
    t.eq(r.reply.status, 401)
    t.eq(r.req, nil)
  end)

  t.it("refuses another secret", function()
    t.eq(load{ scheme = "github" }:request(github('{"n":5}', "another secret")).reply.status, 401)
  end)

  t.it("refuses what is not signed", function()
    t.eq(load{ scheme = "github" }:request{ method = "POST", path = "/hook", body = "{}" }.reply.status, 401)
  end)

  t.it("refuses signatures that are none", function()
    local f = load{ scheme = "github" }
    local good = crypto.hmac_sha256(SECRET, "x")
    for _, field in ipairs{ "", "sha256=", "sha1=" .. good, good, "sha256=" .. good .. "0", "sha256=" .. good:sub(2),
                            "sha256=" .. ("z"):rep(64), ("a"):rep(5000) } do
      t.eq(f:request{ method = "POST", body = "x", headers = { ["x-hub-signature-256"] = field } }.outcome, "reply")
    end
  end)

  t.it("refuses two signatures", function()
    local q = github('{"n":6}')
    q.headers["x-hub-signature-256"] = { q.headers["x-hub-signature-256"], "sha256=" .. ("0"):rep(64) }
    t.eq(load{ scheme = "github" }:request(q).reply.status, 400)
  end)

  t.it("takes the old secret too while both are there", function()
    local f = load{ scheme = "github", secrets = { SECRET, OLD } }
    t.eq(f:request(github('{"n":7}', OLD)).outcome, "continue")
    t.eq(f:request(github('{"n":8}')).outcome, "continue")
  end)
end)

t.describe("stripe", function()
  t.it("takes what is signed in time", function()
    t.eq(load{ scheme = "stripe" }:request(stripe('{"s":1}', now())).outcome, "continue")
  end)

  t.it("refuses what is too old or from the future", function()
    local f = load{ scheme = "stripe", tolerance = "60s" }
    t.eq(f:request(stripe('{"s":2}', now() - 120)).reply.status, 401)
    t.eq(f:request(stripe('{"s":3}', now() + 120)).reply.status, 401)
  end)

  t.it("refuses a time that was changed", function()
    local q = stripe('{"s":4}', now() - 30)
    q.headers["stripe-signature"] = q.headers["stripe-signature"]:gsub("t=%d+", "t=" .. now())
    t.eq(load{ scheme = "stripe" }:request(q).reply.status, 401)
  end)

  t.it("takes one good signature among several", function()
    local q = stripe('{"s":5}', now())
    q.headers["stripe-signature"] = q.headers["stripe-signature"]:gsub(",v1", ",v0=00,v1=" .. ("0"):rep(64) .. ",v1")
    t.eq(load{ scheme = "stripe" }:request(q).outcome, "continue")
  end)

  t.it("refuses fields that are none", function()
    local f = load{ scheme = "stripe" }
    local sum = ("0"):rep(64)
    for _, field in ipairs{ "", "t=1", "v1=" .. sum, "t=,v1=" .. sum, "t=1e9,v1=" .. sum, "t=1,t=2,v1=" .. sum, "t",
                            ("t=1,"):rep(900), "t=99999999999999999999,v1=" .. sum, "t=1,v0=" .. sum } do
      t.eq(f:request{ method = "POST", body = "x", headers = { ["stripe-signature"] = field } }.reply.status, 400)
    end
  end)
end)

t.describe("replays", function()
  t.it("are answered and do not reach the upstream", function()
    local f = load{ scheme = "github" }
    t.eq(f:request(github('{"r":1}')).outcome, "continue")
    local r = f:request(github('{"r":1}'))
    t.eq(r.reply.status, 200)
    t.eq(r.reply.headers["x-webhook-duplicate"], "true")
    t.eq(r.req, nil)
  end)

  t.it("are not hidden by other header fields", function()
    local f = load{ scheme = "github", duplicate_status = 409 }
    local q = github('{"r":2}')
    q.headers["x-github-delivery"] = "1"
    f:request(q)
    q.headers["x-github-delivery"] = "2"
    t.eq(f:request(q).reply.status, 409)
  end)

  t.it("pass when the window is over", function()
    local f = load{ scheme = "github", replay_window = "60s" }
    f:request(github('{"r":3}'))
    t.advance(61)
    t.eq(f:request(github('{"r":3}')).outcome, "continue")
  end)

  t.it("pass when the first one failed", function()
    local f = load{ scheme = "github" }
    local q = github('{"r":4}')
    q.upstream = { status = 500 }
    f:request(q)
    q.upstream = { status = 200 }
    t.eq(f:request(q).outcome, "continue")
    t.eq(f:request(q).outcome, "reply")
  end)

  t.it("pass when nothing is checked", function()
    local f = load{ scheme = "github", replay_window = "0s" }
    f:request(github('{"r":5}'))
    t.eq(f:request(github('{"r":5}')).outcome, "continue")
  end)

  t.it("of an unsigned request cannot be made beforehand", function()
    local f = load{ scheme = "github" }
    local q = github('{"r":6}')
    q.body = "something else"
    t.eq(f:request(q).reply.status, 401)
    t.eq(f:request(github('{"r":6}')).outcome, "continue")
  end)
end)

t.it("counts results", function()
  local f = load{ scheme = "github" }
  local before = t.metric("webhook_requests_total", { scheme = "github", result = "invalid" })
  f:request(github("{}", "another secret"))
  t.eq(t.metric("webhook_requests_total", { scheme = "github", result = "invalid" }) - before, 1)
end)

t.it("needs a secret", function() t.raises(function() load{ scheme = "github", secrets = {} } end) end)
t.it("survives anything", function() t.fuzz(load{ scheme = "stripe" }, { n = 300, seed = 4 }) end)
