local t = require "gw.test"

local function load(config) return t.load("pii-redactor-stream", { config = config }) end
local function stream(chunks, headers)
  local all = { ["content-type"] = "text/plain" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = 200, headers = all, chunks = chunks }
end
local function redacted(chunks, config) return load(config):request{ upstream = stream(chunks) }.body end
-- The same text in chunks of every size.
local function in_all_chunks(source, expected, config)
  local f = load(config)
  for size = 1, #source do
    local chunks = {}
    for at = 1, #source, size do chunks[#chunks + 1] = source:sub(at, at + size - 1) end
    t.eq(f:request{ upstream = stream(chunks) }.body, expected)
  end
end

t.describe("tokens", function()
  t.it("addresses are masked", function()
    t.eq(redacted{ "write to ada.l+x@mail.example.org, or not" }, "write to ***, or not")
    t.eq(redacted{ "a@b, @c.de, a@b.c and a@@b.com stay" }, "a@b, @c.de, a@b.c and a@@b.com stay")
  end)

  t.it("card numbers are masked when their check digit is right", function()
    t.eq(redacted{ "4111111111111111 4111-1111-1111-1111 4111 1111 1111 1111 3782 822463 10005." }, "*** *** *** ***.")
    t.eq(redacted{ "4111111111111112 and 41111111111111111111111" }, "4111111111111112 and 41111111111111111111111")
    t.eq(redacted{ "2223 4111 1111 1111 1111 and 12 4111 1111 1111 1111" }, "2223 *** and 12 ***")
  end)

  t.it("IBANs are masked when their check digits are right", function()
    t.eq(redacted{ "DE89370400440532013000, DE89 3704 0044 0532 0130 00." }, "***, ***.")
    t.eq(redacted{ "GB82 WEST 1234 5698 7654 32 FROM" }, "*** FROM")
    t.eq(redacted{ "DE88370400440532013000 XDE89370400440532013000" }, "DE88370400440532013000 XDE89370400440532013000")
  end)

  t.it("keys are masked by their beginning", function()
    t.eq(redacted({ "use sk_live_abc-DEF_1; sk_live_ alone stays" }, { prefixes = { "sk_live_" } }),
      "use ***; sk_live_ alone stays")
  end)

  t.it("are looked for as configured", function()
    t.eq(redacted({ "a@b.example 4111111111111111" }, { kinds = { "card" }, mask = "#" }), "a@b.example #")
  end)
end)

t.describe("chunks", function()
  t.it("may cut a token anywhere", function()
    in_all_chunks("to ada@mail.example.org and 4111 1111 1111 1111 by DE89 3704 0044 0532 0130 00 with sk_live_42!",
      "to *** and *** by *** with ***!", { prefixes = { "sk_live_" } })
  end)

  t.it("may cut a token at the very end", function() in_all_chunks("ada@mail.example", "***") end)

  t.it("may cut a text that is longer than the overlap", function()
    local filler = ("lorem ipsum dolor "):rep(60)
    local source = filler .. "ada@mail.example" .. filler .. "4111111111111111 " .. filler
    -- The word behind the address belongs to it: .examplelorem
    local expected = filler .. "***" .. filler:sub(6) .. "*** " .. filler
    for _, size in ipairs{ 7, 64, 319, 320, 321, 1000 } do
      local chunks = {}
      for at = 1, #source, size do chunks[#chunks + 1] = source:sub(at, at + size - 1) end
      t.eq(redacted(chunks), expected)
    end
  end)

  t.it("that end a line do not wait", function()
    local r = load():request{ upstream = stream({ "data: one\n\n", "data: ada@mail.example\n\n", "data: three\n\n" },
      { ["content-type"] = "text/event-stream" }) }
    t.eq(r.chunks[1], "data: one\n\n")
    t.eq(r.chunks[2], "data: ***\n\n")
    t.eq(r.chunks[3], "data: three\n\n")
  end)

  t.it("without any text are fine", function()
    t.eq(redacted{ "" }, "")
    t.eq(redacted{ "", "a@b.example", "" }, "***")
  end)

  t.it("of one endless word neither grow the memory nor stop the stream", function()
    local chunks = {}
    for index = 1, 40 do chunks[index] = ("x"):rep(1000) end
    chunks[41] = " ada@mail.example"
    t.eq(redacted(chunks), ("x"):rep(40000) .. " ***")
  end)

  t.it("of one endless address are masked as far as it goes", function()
    local chunks = { "a@b.example" }
    for index = 2, 40 do chunks[index] = ("y"):rep(1000) end
    local body = redacted(chunks)
    t.eq(body:sub(1, 3), "***")
    t.ok(not body:find("@", 1, true))
  end)
end)

t.describe("hostile text", function()
  t.it("takes time in proportion to its length", function()
    local f = load()
    for _, piece in ipairs{ "a", "@", "a@", "a@b.", "1 ", "1111 ", "AA11 ", "AA11", "4111 1111 1111 ", "a@b.cc " } do
      local r = f:request{ upstream = stream{ piece:rep(16000 // #piece), piece:rep(16000 // #piece) } }
      t.eq(r.outcome, "continue")
    end
  end)

  t.it("of bytes that are no text passes as it is", function()
    local source = "\0\255\128\1 \226\130"
    t.eq(redacted{ source }, source)
  end)
end)

t.describe("responses", function()
  t.it("of other types pass", function()
    local r = load():request{ upstream = stream({ "a@b.example" }, { ["content-type"] = "image/png" }) }
    t.eq(r.body, "a@b.example")
    t.eq(load():request{ upstream = { status = 200, chunks = { "a@b.example" } } }.body, "a@b.example")
  end)

  t.it("of types that are configured are searched", function()
    local config = { content_types = { "application/vnd.log" } }
    t.eq(load(config):request{ upstream = stream({ "a@b.example" }, { ["content-type"] = "application/vnd.log" }) }.body, "***")
    t.eq(redacted({ "a@b.example" }, config), "a@b.example")
  end)

  t.it("that are compressed are refused, or pass when that is configured", function()
    local upstream = stream({ "zip" }, { ["content-encoding"] = "gzip" })
    t.eq(load():request{ upstream = upstream }.status, 502)
    t.eq(load{ on_encoded = "pass" }:request{ upstream = upstream }.body, "zip")
  end)

  t.it("are asked for without compression", function()
    local r = load():request{ headers = { ["accept-encoding"] = "br" }, upstream = stream{ "x" } }
    t.eq(r.req.headers["accept-encoding"], "identity")
  end)

  t.it("are counted", function()
    local f = load()
    local before = t.metric("pii_stream_tokens_masked_total", { kind = "email" })
    f:request{ upstream = stream{ "a@b.example c@d.example" } }
    t.eq(t.metric("pii_stream_tokens_masked_total", { kind = "email" }) - before, 2)
  end)
end)

t.it("survives anything", function() t.fuzz(load(), { n = 200, seed = 6 }) end)
