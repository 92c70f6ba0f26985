local t = require "gw.test"

local function load(config) return t.load("jwt-claims-to-headers", { config = config }) end
local function user(claims) return { scheme = "jwt", subject = "u1", claims = claims } end
local function grows(labels, by, run)
  local before = t.metric("jwt_claims_requests_total", labels)
  run()
  t.eq(t.metric("jwt_claims_requests_total", labels) - before, by)
end

t.describe("claims", function()
  t.it("become header fields", function()
    local f = load{ map = { sub = "x-user", tenant = "x-tenant" } }
    grows({ result = "complete" }, 1, function()
      local r = f:request{ path = "/a", auth = user{ sub = "u1", tenant = "acme" } }
      t.eq(r.outcome, "continue")
      t.eq(r.req.headers["x-user"], "u1")
      t.eq(r.req.headers["x-tenant"], "acme")
    end)
  end)

  t.it("numbers and booleans are written as JSON writes them", function()
    local r = load{ map = { level = "x-level", admin = "x-admin", whole = "x-whole" } }:request{
      auth = user{ level = 7, admin = false, whole = 3.0 } }
    t.eq(r.req.headers["x-level"], "7")
    t.eq(r.req.headers["x-admin"], "false")
    t.eq(r.req.headers["x-whole"], "3")
  end)

  t.it("lists are joined", function()
    local r = load{ map = { roles = "x-roles" }, separator = " " }:request{ auth = user{ roles = { "a", "b", 3 } } }
    t.eq(r.req.headers["x-roles"], "a b 3")
  end)

  t.it("paths lead into objects, and a claim of that very name goes first", function()
    local f = load{ map = { ["address.country"] = "x-country" } }
    t.eq(f:request{ auth = user{ address = { country = "DE" } } }.req.headers["x-country"], "DE")
    t.eq(f:request{ auth = user{ ["address.country"] = "FR", address = { country = "DE" } } }.req.headers["x-country"], "FR")
    t.eq(f:request{ auth = user{ address = "DE" } }.req.headers["x-country"], nil)
  end)

  t.it("that are missing leave their header out", function()
    local f = load{ map = { sub = "x-user", plan = "x-plan" } }
    grows({ result = "partial" }, 1, function()
      local r = f:request{ auth = user{ sub = "u1" } }
      t.eq(r.outcome, "continue")
      t.eq(r.req.headers["x-plan"], nil)
    end)
  end)

  t.it("that are required are", function()
    local f = load{ map = { sub = "x-user", plan = "x-plan" }, required = { "plan" } }
    local r = f:request{ auth = user{ sub = "u1" } }
    t.eq(r.outcome, "reply")
    t.eq(r.reply.status, 403)
    t.eq(r.req, nil)
    t.eq(f:request{ auth = user{ sub = "u1", plan = "pro" } }.outcome, "continue")
  end)
end)

t.describe("without authentication", function()
  t.it("a request is refused", function()
    local r = load{ map = { sub = "x-user" } }:request{ path = "/a" }
    t.eq(r.reply.status, 401)
    t.match(r.reply.body, "missing")
    t.eq(r.req, nil)
  end)

  t.it("a request passes when that is configured, without the client's copies", function()
    local r = load{ map = { sub = "x-user" }, require_auth = false }:request{ headers = { ["x-user"] = "admin" } }
    t.eq(r.outcome, "continue")
    t.eq(r.req.headers["x-user"], nil)
  end)
end)

t.describe("clients", function()
  t.it("cannot send the fields themselves, in any spelling", function()
    local r = load{ map = { sub = "x-user-id", role = "x-role" } }:request{
      headers = { ["x-user-id"] = { "admin", "root" }, ["X_User_Id"] = "admin", ["x-user_id"] = "admin", ["X-ROLE"] = "admin" },
      auth = user{ sub = "u1" } }
    t.eq(r.req.headers["x-user-id"], "u1")
    t.eq(r.req.headers["x_user_id"], nil)
    t.eq(r.req.headers["x-user_id"], nil)
    t.eq(r.req.headers["x-role"], nil)
  end)

  t.it("keep their other fields", function()
    local r = load{ map = { sub = "x-user" } }:request{ headers = { ["x-users"] = "a", accept = "b" }, auth = user{ sub = "u" } }
    t.eq(r.req.headers["x-users"], "a")
    t.eq(r.req.headers["accept"], "b")
  end)
end)

t.describe("values that are no header values", function()
  t.it("are left out", function()
    local f = load{ map = { name = "x-name" }, max_bytes = 8 }
    for _, value in ipairs{ "a\r\nx-admin: 1", "a\0b", "a\127", "", "123456789", { a = 1 }, {} } do
      local r = f:request{ auth = user{ name = value } }
      t.eq(r.outcome, "continue")
      t.eq(r.req.headers["x-name"], nil)
      t.eq(r.req.headers["x-admin"], nil)
    end
    t.eq(f:request{ auth = user{ name = "José" } }.req.headers["x-name"], "José")
  end)

  t.it("count as missing where they are required", function()
    local f = load{ map = { name = "x-name" }, required = { "name" } }
    t.eq(f:request{ auth = user{ name = "a\nb" } }.reply.status, 403)
  end)

  t.it("an item with the separator in it does not become two", function()
    local f = load{ map = { roles = "x-roles" } }
    t.eq(f:request{ auth = user{ roles = { "user,admin" } } }.req.headers["x-roles"], nil)
  end)

  t.it("a long list is left out", function()
    local roles = {}
    for index = 1, 2000 do roles[index] = "role" .. index end
    t.eq(load{ map = { roles = "x-roles" } }:request{ auth = user{ roles = roles } }.req.headers["x-roles"], nil)
  end)
end)

t.describe("the configuration", function()
  t.it("needs a map", function() t.raises(function() load{} end) end)
  t.it("cannot set fields of the gateway", function() t.raises(function() load{ map = { sub = "Host" } } end, "Host") end)
  t.it("cannot have two claims for one header", function()
    t.raises(function() load{ map = { sub = "x-user", name = "X_User" } } end, "x%-user")
  end)
  t.it("cannot require what is not in the map", function()
    t.raises(function() load{ map = { sub = "x-user" }, required = { "plan" } } end, "plan")
  end)
end)

t.it("survives anything", function() t.fuzz(load{ map = { sub = "x-user" }, require_auth = false }, { n = 300, seed = 1 }) end)
