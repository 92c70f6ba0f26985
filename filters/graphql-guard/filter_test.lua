local t = require "gw.test"

local function load(config) return t.load("graphql-guard", { config = config }) end
local function post(body, headers)
  local all = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { method = "POST", path = "/graphql", headers = all, body = type(body) == "string" and body or json.encode(body) }
end
local function query(source, name) return post{ query = source, operationName = name } end
local function code(r)
  t.eq(r.outcome, "reply")
  t.eq(r.req, nil)
  return json.decode(r.reply.body).errors[1].extensions.code
end
local function refuses(config, source, expected) t.eq(code(load(config):request(query(source))), expected) end
local function admits(config, source) t.eq(load(config):request(query(source)).outcome, "continue") end

t.describe("operations", function()
  t.it("that are modest pass, and say their name", function()
    local q = query("query Cart($id: ID! = \"x\", $n: [Int!]) { cart(id: $id) { id ... on Cart @include(if: true) { total } ...F } }\n"
      .. "fragment F on Cart { items(first: 10, where: {a: [1, -2.5e3], b: ENUM}) { name } }")
    local r = load():request(q)
    t.eq(r.outcome, "continue")
    t.eq(r.vars.operation, "Cart")
    t.eq(r.req.body, q.body)
    t.eq(load():request(query("{ a }")).vars.operation, "anonymous")
  end)

  t.it("are counted by name, junk as other", function()
    local f = load{ operation_names = { "Known" } }
    local known = t.metric("graphql_operations_total", { kind = "query", operation = "Known" })
    local other = t.metric("graphql_operations_total", { kind = "query", operation = "other" })
    f:request(query("query Known { a }"))
    f:request(query("query Unknown { a }"))
    t.eq(t.metric("graphql_operations_total", { kind = "query", operation = "Known" }) - known, 1)
    t.eq(t.metric("graphql_operations_total", { kind = "query", operation = "other" }) - other, 1)
    t.eq(load():request(query("query " .. ("x"):rep(100) .. " { a }")).vars.operation, "other")
  end)

  t.it("are chosen by name", function()
    local source = "query A { a } mutation B { b }"
    t.eq(load():request(query(source, "B")).vars.operation, "B")
    t.eq(code(load():request(query(source))), "OPERATION_UNKNOWN")
    t.eq(code(load():request(query(source, "C"))), "OPERATION_UNKNOWN")
    t.eq(code(load():request(query("query A { a } query A { b }", "A"))), "OPERATION_UNKNOWN")
  end)

  t.it("are of the kinds that are allowed", function()
    refuses({}, "subscription S { a }", "OPERATION_KIND")
    refuses({ kinds = { "query" } }, "mutation { a }", "OPERATION_KIND")
    admits({ kinds = { "subscription" } }, "subscription S { a }")
  end)
end)

t.describe("limits", function()
  t.it("on depth", function()
    admits({ max_depth = 3 }, "{ a { b { c } } }")
    refuses({ max_depth = 2 }, "{ a { b { c } } }", "DEPTH_LIMIT")
  end)

  t.it("on depth by fragments", function()
    local source = "{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c }"
    admits({ max_depth = 3 }, source)
    refuses({ max_depth = 2 }, source, "DEPTH_LIMIT")
    admits({ max_depth = 2 }, "{ a { ... on T { b } ... { c } } }")
  end)

  t.it("on fields", function()
    admits({ max_fields = 3 }, "{ a b c }")
    refuses({ max_fields = 3 }, "{ a b c d }", "FIELD_LIMIT")
    refuses({ max_fields = 4 }, "{ ...F a: b { ...F } } fragment F on T { x y }", "FIELD_LIMIT")
  end)

  t.it("on aliases", function()
    admits({ max_aliases = 1 }, "{ a: b c }")
    refuses({ max_aliases = 1 }, "{ a: b c: b }", "ALIAS_LIMIT")
    admits({ max_aliases = 0 }, "{ f(a: 1, b: {c: 2}) }")
  end)

  t.it("on directives", function()
    refuses({ max_directives = 2 }, "{ a @x @y(z: 1) @w }", "DIRECTIVE_LIMIT")
    refuses({ max_directives = 1 }, "query Q($a: Int @x) @y { a }", "DIRECTIVE_LIMIT")
  end)

  t.it("on tokens", function() refuses({ max_tokens = 10 }, "{ a b c d e f g h i j }", "TOKEN_LIMIT") end)

  t.it("hold for operations that are not chosen", function()
    t.eq(code(load{ max_depth = 1 }:request(query("query A { a } query B { a { b } }", "A"))), "DEPTH_LIMIT")
  end)

  t.it("on size", function()
    local r = load{ max_bytes = "100" }:request(query("{ a }" .. (" "):rep(200)))
    t.eq(r.reply.status, 413)
  end)
end)

t.describe("bombs", function()
  t.it("fragments that double", function()
    local parts = { "{ ...F1 }" }
    for index = 1, 60 do
      parts[#parts + 1] = ("fragment F%d on T { ...F%d ...F%d }"):format(index, index + 1, index + 1)
    end
    parts[#parts + 1] = "fragment F61 on T { a b }"
    refuses({}, table.concat(parts, " "), "FIELD_LIMIT")
  end)

  t.it("fragments in a circle", function()
    refuses({}, "{ ...A } fragment A on T { ...B } fragment B on T { ...A }", "FRAGMENT_CYCLE")
    refuses({}, "{ ...A } fragment A on T { x { ...A } }", "FRAGMENT_CYCLE")
  end)

  t.it("deep nesting", function()
    refuses({ max_depth = 64, max_tokens = 10000 }, ("{a"):rep(3000) .. ("}"):rep(3000), "DEPTH_LIMIT")
    refuses({ max_tokens = 10000 }, "{ a(x: " .. ("["):rep(3000) .. ("]"):rep(3000) .. ") }", "DEPTH_LIMIT")
    refuses({ max_tokens = 10000 }, ("{...on T"):rep(1000), "DEPTH_LIMIT")
  end)

  t.it("long chains of fragments", function()
    local parts = { "{ ...F1 }" }
    for index = 1, 300 do parts[#parts + 1] = ("fragment F%d on T { a { ...F%d } }"):format(index, index + 1) end
    parts[#parts + 1] = "fragment F301 on T { a }"
    refuses({ max_tokens = 10000 }, table.concat(parts, " "), "DEPTH_LIMIT")
  end)
end)

t.describe("documents that are none", function()
  t.it("are refused", function()
    for _, source in ipairs{
      "", "#", "{", "}", "{}", "{ a", "{ a } }", "query", "query {", "{ a: }", "{ a( }", "{ a(x: ] ) }", "{ ... }", "{ ...F }",
      "type T { a: Int }", "fragment F on T { a }", "fragment on on T { a } { a }", "{ a \"x }", "{ a(x: \"\"\"y) }", "{ a(x: \"\n\") }",
      "{ a ; b }", "{ a\0b }", "{ a(x: 1b) }", "{ a(x: 1.) }", "{ ä }", "{ a } fragment F on T { b } fragment F on T { c }", "{ .. a }",
    } do
      refuses({}, source, "SYNTAX")
    end
  end)

  t.it("strings and comments hide nothing", function()
    admits({ max_depth = 1 }, '{ a(x: "{ b { c } }", y: """ { d " { e } \\""" } """) } # { f { g } }\n')
    refuses({ max_depth = 1 }, '{ a(x: "\\"") # }\n { b } }', "DEPTH_LIMIT")
    refuses({ max_depth = 1 }, "{ a #\r { b } }", "DEPTH_LIMIT")
    refuses({ max_depth = 1 }, '{ a(x: "\\\\") { b } }', "DEPTH_LIMIT")
    refuses({ max_depth = 1 }, '{ a(x: """""") { b } }', "DEPTH_LIMIT")
  end)
end)

t.describe("introspection", function()
  t.it("is refused, by fragments and aliases too", function()
    refuses({}, "{ __schema { types { name } } }", "INTROSPECTION_DISABLED")
    refuses({}, "{ x: __type(name: \"T\") { name } }", "INTROSPECTION_DISABLED")
    refuses({}, "{ ...F } fragment F on Query { __schema { a } }", "INTROSPECTION_DISABLED")
    admits({}, "{ a { __typename } }")
  end)

  t.it("may be allowed", function() admits({ introspection = true }, "{ __schema { types { name } } }") end)
end)

t.describe("persisted queries", function()
  local document = "{ a { b { c } } }"
  local digest = crypto.sha256(document)
  local function by_hash(hash, source) return post{ query = source, extensions = { persistedQuery = { version = 1, sha256Hash = hash } } } end

  t.it("pass alone when only they may", function()
    local f = load{ persisted = { digest:upper() }, persisted_only = true }
    t.eq(f:request(query(document)).outcome, "continue")
    t.eq(f:request(by_hash(digest)).outcome, "continue")
    t.eq(f:request(by_hash(digest, document)).outcome, "continue")
    t.eq(code(f:request(query("{ a }"))), "PERSISTED_QUERY_ONLY")
    t.eq(code(f:request(by_hash(crypto.sha256("{ a }")))), "PERSISTED_QUERY_NOT_SUPPORTED")
  end)

  t.it("are free of the limits", function() t.eq(load{ persisted = { digest }, max_depth = 1 }:request(query(document)).outcome, "continue") end)

  t.it("cannot be passed off as others", function()
    local f = load{ persisted = { digest } }
    t.eq(code(f:request(by_hash(digest, "{ evil }"))), "BAD_REQUEST")
    t.eq(code(f:request(by_hash({}))), "BAD_REQUEST")
  end)

  t.it("are checked at start", function()
    t.raises(function() load{ persisted = { ("z"):rep(64) } } end, "SHA")
    t.raises(function() load{ persisted_only = true } end, "persisted")
  end)
end)

t.describe("requests", function()
  t.it("by GET are queries", function()
    local f = load()
    local r = f:request{ path = "/graphql", query = "query=" .. url.escape("query G { a }") .. "&operationName=G" }
    t.eq(r.outcome, "continue")
    t.eq(r.vars.operation, "G")
    r = f:request{ path = "/graphql", query = "query=" .. url.escape("mutation { a }") }
    t.eq(r.reply.status, 405)
    t.eq(load{ get = false }:request{ path = "/graphql", query = "query=%7Ba%7D" }.reply.status, 405)
    t.eq(load{ max_depth = 1 }:request{ query = "query=" .. url.escape("{ a { b } }") }.reply.status, 400)
  end)

  t.it("say everything once", function()
    local f = load{ max_depth = 1 }
    t.eq(code(f:request{ query = "query=%7Ba%7D&query=" .. url.escape("{ a { b } }") }), "BAD_REQUEST")
    t.eq(code(f:request{ query = "query=%7Ba%7D&q%75ery=" .. url.escape("{ a { b } }") }), "BAD_REQUEST")
    t.eq(code(f:request(post('{"query":"{a{b}}","query":"{a}"}'))), "BAD_REQUEST")
    t.eq(code(f:request(post([[{"qu\u0065ry":"{a{b}}","query":"{a}"}]]))), "BAD_REQUEST")
    local q = query("{ a }")
    q.query = "query=" .. url.escape("{ a { b } }")
    t.eq(code(f:request(q)), "BAD_REQUEST")
  end)

  t.it("with colons, quotes and brackets in values are no duplicates", function()
    local q = post('{"query":"{ a(x: \\"a:b\\") }","variables":{"a":["x:y","\\\\",{"b":null,"c":{}}],"d":": \\": "}}')
    t.eq(load():request(q).outcome, "continue")
  end)

  t.it("are JSON in UTF-8, not compressed", function()
    local f = load()
    t.eq(f:request(post({ query = "{a}" }, { ["content-type"] = "application/json; charset=UTF-8" })).outcome, "continue")
    for _, headers in ipairs{ { ["content-type"] = "text/plain" }, { ["content-type"] = "application/graphql" },
                              { ["content-type"] = "multipart/form-data; boundary=x" }, { ["content-encoding"] = "gzip" },
                              { ["content-type"] = "application/json; charset=utf-16" } } do
      t.eq(f:request(post({ query = "{a}" }, headers)).reply.status, 415)
    end
  end)

  t.it("have the right types", function()
    local f = load()
    for _, body in ipairs{ "", "x", "1", '"x"', "null", "[]", "{}", '{"query":1}', '{"query":"{a}","operationName":{}}',
                           '{"query":"{a}","extensions":[1]}', '{"query":null}', "[[]]", '{"query":"{a}"' } do
      t.eq(f:request(post(body)).reply.status, 400)
    end
  end)

  t.it("use GET or POST", function()
    t.eq(load():request{ method = "PUT", body = "{}" }.reply.status, 405)
    t.eq(load():request{ method = "OPTIONS" }.outcome, "continue")
  end)
end)

t.describe("batches", function()
  local function batch(count, source)
    local list = {}
    for index = 1, count do list[index] = { query = source or "{ a }" } end
    return post(list)
  end

  t.it("are limited", function()
    local f = load{ max_batch = 2 }
    local r = f:request(batch(2))
    t.eq(r.outcome, "continue")
    t.eq(r.vars.operation, "batch")
    t.eq(code(f:request(batch(3))), "BATCH_LIMIT")
    t.eq(code(load{ max_batch = 0 }:request(batch(1))), "BATCH_LIMIT")
  end)

  t.it("are looked at one by one", function()
    t.eq(code(load{ max_depth = 1 }:request(post{ { query = "{ a }" }, { query = "{ a { b } }" } })), "DEPTH_LIMIT")
  end)
end)

t.it("survives anything", function() t.fuzz(load(), { n = 300, seed = 9 }) end)
