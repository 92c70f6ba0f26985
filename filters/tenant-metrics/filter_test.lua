local t = require "gw.test"

local function load(config) return t.load("tenant-metrics", { config = config }) end
local function user(claims) return { scheme = "jwt", subject = "u", claims = claims } end
local function grows(name, labels, by, run)
  local before = t.metric(name, labels)
  run()
  t.eq(t.metric(name, labels) - before, by)
end

-- A created order, as upstreams answer.
local function created(order, headers)
  local body = type(order) == "string" and order or json.encode(order)
  local all = { ["content-type"] = "application/json", ["content-length"] = tostring(#body) }
  for name, value in pairs(headers or {}) do all[name] = value or nil end
  return { status = 201, headers = all, body = body }
end

t.describe("requests", function()
  t.it("are counted by tenant, plan and class", function()
    local f = load()
    grows("tenant_requests_total", { tenant = "acme", plan = "pro", class = "2xx" }, 1, function()
      local r = f:request{ auth = user{ tenant = "acme", plan = "pro" }, upstream = { status = 204 } }
      t.eq(r.vars.tenant, "acme")
      t.eq(r.vars.plan, "pro")
    end)
  end)

  t.it("without a tenant are anonymous", function()
    local f = load()
    grows("tenant_requests_total", { tenant = "anonymous", plan = "none", class = "5xx" }, 1, function()
      t.eq(f:request{ upstream = { status = 500 } }.vars.tenant, "anonymous")
    end)
  end)

  t.it("take the claim that is configured", function()
    local r = load{ claim = "org", plan_claim = "tier" }:request{ auth = user{ org = "o1", tier = "gold", tenant = "no" } }
    t.eq(r.vars.tenant, "o1")
    t.eq(r.vars.plan, "gold")
  end)

  t.it("do not believe a header unless told so", function()
    t.eq(load():request{ headers = { ["x-tenant"] = "evil" } }.vars.tenant, "anonymous")
    local f = load{ header = "x-tenant" }
    t.eq(f:request{ headers = { ["x-tenant"] = "t1" } }.vars.tenant, "t1")
    t.eq(f:request{ headers = { ["x-tenant"] = "t1" }, auth = user{ tenant = "claimed" } }.vars.tenant, "claimed")
  end)

  t.it("take numbers as names", function() t.eq(load():request{ auth = user{ tenant = 42 } }.vars.tenant, "42") end)

  t.it("do not take names that are none", function()
    local f = load()
    for _, name in ipairs{ "", ("x"):rep(65), "a\nb", { 1 }, true, 1.5 } do
      t.eq(f:request{ auth = user{ tenant = name } }.vars.tenant, "anonymous")
    end
  end)
end)

t.describe("the number of tenants", function()
  t.it("is bounded", function()
    local f = load{ max_tenants = 2 }
    f:request{ auth = user{ tenant = "m1" } }
    f:request{ auth = user{ tenant = "m2" } }
    grows("tenant_requests_total", { tenant = "other", plan = "none", class = "2xx" }, 2, function()
      t.eq(f:request{ auth = user{ tenant = "m3" } }.vars.tenant, "m3")
      f:request{ auth = user{ tenant = "m4" } }
    end)
    grows("tenant_requests_total", { tenant = "m1", plan = "none", class = "2xx" }, 1, function()
      f:request{ auth = user{ tenant = "m1" } }
    end)
  end)

  t.it("may be a list", function()
    local f = load{ tenants = { "big" } }
    grows("tenant_requests_total", { tenant = "big", plan = "none", class = "2xx" }, 1, function()
      f:request{ auth = user{ tenant = "big" } }
    end)
    grows("tenant_requests_total", { tenant = "other", plan = "none", class = "2xx" }, 1, function()
      f:request{ auth = user{ tenant = "small" } }
    end)
  end)
end)

t.describe("orders", function()
  t.it("are counted with their value", function()
    local f = load()
    grows("orders_total", { tenant = "o-a", plan = "p-a" }, 1, function()
      grows("order_value_eur", { plan = "p-a" }, 1, function()
        local r = f:request{ auth = user{ tenant = "o-a", plan = "p-a" }, upstream = created{ total = 12.5 } }
        t.eq(r.status, 201)
        t.eq(r.body, json.encode{ total = 12.5 })
      end)
    end)
  end)

  t.it("take the plan of the answer where no claim names one", function()
    local f = load()
    grows("orders_total", { tenant = "o-b", plan = "free" }, 1, function()
      f:request{ auth = user{ tenant = "o-b" }, upstream = created{ plan = "free" } }
    end)
  end)

  t.it("have values that are numbers from 0", function()
    local f = load()
    grows("order_value_eur", { plan = "p-c" }, 0, function()
      for _, total in ipairs{ -1, "12", true, {} } do
        f:request{ auth = user{ tenant = "o-c", plan = "p-c" }, upstream = created{ total = total } }
      end
    end)
  end)

  t.it("are only those of the status", function()
    local f = load()
    grows("orders_total", { tenant = "o-d", plan = "none" }, 0, function()
      local answer = created{ total = 1 }
      answer.status = 200
      f:request{ auth = user{ tenant = "o-d" }, upstream = answer }
    end)
  end)

  t.it("can be switched off", function()
    local f = load{ orders = { enabled = false } }
    grows("orders_total", { tenant = "o-e", plan = "none" }, 0, function()
      f:request{ auth = user{ tenant = "o-e" }, upstream = created{ total = 1 } }
    end)
  end)

  t.it("that cannot be read pass as they are", function()
    local f = load{ orders = { max_bytes = "100" } }
    for reason, answer in pairs{
      encoded = created("\31\139 not json", { ["content-encoding"] = "gzip" }),
      too_large = created{ note = ("x"):rep(200) },
      not_an_object = created("[[[[ no json"),
    } do
      grows("tenant_orders_skipped_total", { reason = reason }, 1, function()
        local r = f:request{ auth = user{ tenant = "o-f" }, upstream = answer }
        t.eq(r.outcome, "continue")
        t.eq(r.status, 201)
        t.eq(r.body, answer.body)
      end)
    end
  end)

  t.it("of another type are none", function()
    local f = load()
    grows("orders_total", { tenant = "o-g", plan = "none" }, 0, function()
      f:request{ auth = user{ tenant = "o-g" }, upstream = created("total=1", { ["content-type"] = "text/plain" }) }
    end)
  end)
end)

t.it("survives anything", function() t.fuzz(load{ header = "x-1" }, { n = 300, seed = 2 }) end)
