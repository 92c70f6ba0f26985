local t = require "gw.test"

local function load(config)
  config.fields = config.fields or { "email", "iban" }
  return t.load("pii-redactor", { config = config })
end
local function answer(body, headers)
  local all = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = 200, headers = all, body = body }
end
local function redacted(config, body) return load(config):request{ path = "/u", upstream = answer(body) }.body end

t.describe("fields", function()
  t.it("are masked, and nothing else changes", function()
    t.eq(redacted({}, '{ "id": 12345678901234567890, "email" : "a@b.example", "price": 1.10, "x": [ ] }'),
      '{ "id": 12345678901234567890, "email" : "***", "price": 1.10, "x": [ ] }')
  end)

  t.it("are masked at any depth", function()
    t.eq(redacted({}, '{"a":[{"b":{"email":"x"}},{"email":"y"}],"iban":"z"}'),
      '{"a":[{"b":{"email":"***"}},{"email":"***"}],"iban":"***"}')
  end)

  t.it("are masked whatever their value is", function()
    t.eq(redacted({}, '{"email":12,"iban":true,"c":{"email":{"work":"a","home":["b","}"]}},"d":[{"email":[1,[2]]}]}'),
      '{"email":"***","iban":"***","c":{"email":"***"},"d":[{"email":"***"}]}')
  end)

  t.it("that are null stay null", function() t.eq(redacted({}, '{"email":null}'), '{"email":null}') end)

  t.it("are found in any case", function()
    t.eq(redacted({}, '{"Email":"a","EMAIL":"b"}'), '{"Email":"***","EMAIL":"***"}')
    t.eq(redacted({ ignore_case = false }, '{"Email":"a","email":"b"}'), '{"Email":"a","email":"***"}')
  end)

  t.it("are found when their names are escaped", function()
    t.eq(redacted({}, [[{"\u0065mail":"a","em\u0061il":"b"}]]), [[{"\u0065mail":"***","em\u0061il":"***"}]])
  end)

  t.it("are found each time that an object has them", function()
    t.eq(redacted({}, '{"email":"a","email":"b"}'), '{"email":"***","email":"***"}')
  end)

  t.it("are names, not values or parts of texts", function()
    local body = [[{"a":"email","b":"\"email\":\"x\"","c":["email",": y"],"my_email":"z"}]]
    t.eq(redacted({}, body), body)
  end)

  t.it("are found beside names that only look like them", function()
    t.eq(redacted({}, [[{"x\"email":"a","email" :"b"}]]), [[{"x\"email":"a","email" :"***"}]])
    t.eq(redacted({}, [[{"a":"\\","email":"b\\"}]]), [[{"a":"\\","email":"***"}]])
    t.eq(redacted({}, [[{"a":"email","email":["email",{"email":"c"}],"b":"email"}]]), [[{"a":"email","email":"***","b":"email"}]])
  end)

  t.it("may have any names, and be many", function()
    t.eq(redacted({ fields = { 'a"b', "c/d", "ü" } }, [[{"a\"b":1,"c\/d":2,"c/d":3,"ü":4,"\u00fc":5}]]),
      [[{"a\"b":"***","c\/d":"***","c/d":"***","ü":"***","\u00fc":"***"}]])
    local names = {}
    for index = 1, 100 do names[index] = "field" .. index end
    t.eq(redacted({ fields = names }, '{"Field1":1,"field100":2,"field101":3}'), '{"Field1":"***","field100":"***","field101":3}')
  end)

  t.it("with quotation marks and brackets in the value are masked as a whole", function()
    t.eq(redacted({}, [[{"email":"a\"}, \\","b":1}]]), [[{"email":"***","b":1}]])
  end)
end)

t.describe("modes", function()
  t.it("last4 keeps the end of long values", function()
    t.eq(redacted({ mode = "last4" }, '{"iban":"DE89370400440532013000","email":"a@b.c"}'), '{"iban":"***3000","email":"***"}')
  end)

  t.it("null", function() t.eq(redacted({ mode = "null" }, '{"email":"a"}'), '{"email":null}') end)

  t.it("hash is the same for the same value and key", function()
    local function of(value, key)
      return json.decode(redacted({ mode = "hash", hash_key = key or "0123456789abcdef" }, '{"email":"' .. value .. '"}')).email
    end
    t.eq(of("a"), of("a"))
    t.neq(of("a"), of("b"))
    t.neq(of("a"), of("a", "fedcba9876543210"))
    t.match(of("a"), "^h:%x+$")
  end)

  t.it("may differ by field", function()
    t.eq(redacted({ modes = { iban = "null" }, mask = "-" }, '{"iban":"a","email":"b"}'), '{"iban":null,"email":"-"}')
  end)

  t.it("hash needs a key", function() t.raises(function() load{ mode = "hash" } end, "hash_key") end)
  t.it("of other fields are an error", function() t.raises(function() load{ modes = { phone = "null" } } end, "phone") end)
end)

t.describe("responses", function()
  t.it("of other types pass", function()
    local f = load{}
    local r = f:request{ upstream = answer('{"email":"a"}', { ["content-type"] = "text/plain" }) }
    t.eq(r.body, '{"email":"a"}')
    r = f:request{ upstream = answer('{"email":"a"}', { ["content-type"] = "Application/Problem+JSON; charset=utf-8" }) }
    t.eq(r.body, '{"email":"***"}')
  end)

  t.it("are asked for without compression, and whole", function()
    local r = load{}:request{ headers = { ["accept-encoding"] = "gzip", range = "bytes=0-9" }, upstream = answer("{}") }
    t.eq(r.req.headers["accept-encoding"], "identity")
    t.eq(r.req.headers["range"], nil)
  end)

  t.it("that cannot be read are refused", function()
    local f = load{}
    local partial = answer('{"email":"a"}')
    partial.status = 206
    for _, upstream in ipairs{
      answer("\31\139zip", { ["content-encoding"] = "gzip" }), answer('{"email":"a"'), answer("{'email':'a'}"),
      answer(("["):rep(200) .. ("]"):rep(200)), partial,
    } do
      local r = f:request{ upstream = upstream }
      t.eq(r.status, 502)
      t.ok(not r.body:find("email", 1, true))
    end
  end)

  t.it("that cannot be read pass when that is configured", function()
    local r = load{ on_unreadable = "pass" }:request{ upstream = answer('{"email":"a"') }
    t.eq(r.status, 200)
    t.eq(r.body, '{"email":"a"')
  end)

  t.it("without a body pass", function() t.eq(load{}:request{ upstream = answer("") }.status, 200) end)

  t.it("lose what spoke of the old bytes", function()
    local f = load{}
    local r = f:request{ upstream = answer('{"email":"a"}', { etag = '"1"', ["content-md5"] = "x" }) }
    t.eq(r.headers["etag"], nil)
    t.eq(r.headers["content-md5"], nil)
    t.eq(f:request{ upstream = answer('{"a":1}', { etag = '"1"' }) }.headers["etag"], '"1"')
  end)

  t.it("are counted by field", function()
    local f = load{}
    local before = t.metric("pii_fields_masked_total", { field = "email" })
    f:request{ upstream = answer('[{"email":1},{"email":2}]') }
    t.eq(t.metric("pii_fields_masked_total", { field = "email" }) - before, 2)
  end)

  t.it("may be large", function()
    local items = {}
    for index = 1, 500 do items[index] = '{"email":"user' .. index .. '@example.com","n":' .. index .. "}" end
    local body = load{}:request{ upstream = answer("[" .. table.concat(items, ",") .. "]") }.body
    t.ok(not body:find("@", 1, true))
    t.eq(#json.decode(body), 500)
  end)
end)

t.it("survives anything", function() t.fuzz(load{}, { n = 300, seed = 5 }) end)
