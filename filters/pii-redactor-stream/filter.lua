-- Masks e-mail addresses, card numbers, IBANs and keys in text as it passes, also where a chunk ends in one.
local media_type = require "lib.media_type"
local problem = require "lib.problem"
local tokens = require "lib.tokens"

local responses = gw.metrics.counter(
  "pii_stream_responses_total", "Text responses by what became of them", { "result" })
local masked = gw.metrics.counter("pii_stream_tokens_masked_total", "Tokens that were masked", { "kind" })

-- No token that is looked for is longer: so much of the end of a chunk waits for the next one.
local OVERLAP = tokens.LENGTH_MAX
-- A match that runs on for longer is no token: it is masked as far as it goes, so that memory stays bounded.
local HELD_MAX = 4 * OVERLAP

local F = {
  api = 1,
  version = "1.0.0",
  description = "Masks addresses, card numbers, IBANs and keys in streamed text responses",
  response_body = "stream",
  schema = {
    type = "object",
    properties = {
      kinds = {
        type = "array", items = { enum = { "email", "card", "iban" } }, uniqueItems = true,
        default = { "email", "card", "iban" }, description = "What is looked for",
      },
      prefixes = {
        type = "array", items = { type = "string", minLength = 3, maxLength = 32 }, maxItems = 16, uniqueItems = true,
        default = {},
        description = "Beginnings of keys, such as sk_live_; masked with the letters, digits, _ and - behind",
      },
      mask = {
        type = "string", minLength = 1, maxLength = 64, default = "***",
        description = "What stands in place of a token",
      },
      content_types = {
        type = "array", items = { type = "string", minLength = 3, maxLength = 128 }, minItems = 1, maxItems = 16,
        default = { "text/*", "application/x-ndjson", "application/json", "application/xml" },
        description = "Types of the responses that are searched",
      },
      on_encoded = {
        enum = { "refuse", "pass" }, default = "refuse",
        description = "What becomes of a response of these types that is compressed: 502, or as it is",
      },
    },
  },
}

local prepared = {}

function F.on_init(conf)
  local plan = { kinds = {}, prefixes = {}, types = {} }
  for _, kind in ipairs(conf.kinds) do plan.kinds[#plan.kinds + 1] = kind end
  for _, prefix in ipairs(conf.prefixes) do plan.prefixes[#plan.prefixes + 1] = prefix end
  for _, kind in ipairs(conf.content_types) do plan.types[#plan.types + 1] = kind:lower() end
  prepared[conf] = plan
end

local function is_searched(kind, types)
  if not kind then return false end
  for _, wanted in ipairs(types) do
    if wanted == kind then return true end
    if wanted:sub(-2) == "/*" and kind:sub(1, #wanted - 1) == wanted:sub(1, -2) then return true end
  end
  return false
end

function F.on_request(req)
  local headers = req.headers
  headers:remove("range")
  headers:remove("if-range")
  headers:set("accept-encoding", "identity")
end

function F.on_response(res, ctx)
  local conf, headers = ctx.conf, res.headers
  if not is_searched(media_type.of(headers:get("content-type")), prepared[conf].types) then return end
  if not media_type.is_plain(headers:get("content-encoding")) then
    responses:inc(1, { "encoded" })
    if conf.on_encoded == "pass" then return end
    gw.log.warn("a compressed response cannot be redacted")
    return problem(ctx, 502, "filter_failed", "the response cannot be shown")
  end
  for _, name in ipairs{ "etag", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges" } do
    headers:remove(name)
  end
  responses:inc(1, { "searched" })
  ctx.state.held = ""
end

-- Where to cut: what lies before is sent. A line's end is in no token, so that whole lines never wait.
local function cut_of(data, is_last)
  if is_last then return #data end
  local cut = math.max(#data - OVERLAP, 0)
  local line_end = data:sub(cut + 1):reverse():find("\n", 1, true)
  return line_end and #data - line_end + 1 or cut
end

function F.on_response_body(chunk, ctx)
  local state = ctx.state
  if not state.held then return nil end
  local conf = ctx.conf
  local plan = prepared[conf]
  local data = state.held .. chunk:bytes()
  local cut = cut_of(data, chunk.last)
  local pieces, at, counts = {}, 1, {}
  for _, span in ipairs(tokens.find_all(data, plan.kinds, plan.prefixes)) do
    local first, last, kind = span[1], span[2], span[3]
    if first > cut then break end
    if last > cut then
      if first > #data - HELD_MAX then
        -- It may go on in the next chunk: it is looked at again then.
        cut = first - 1
        break
      end
      cut = last
    end
    pieces[#pieces + 1] = data:sub(at, first - 1)
    pieces[#pieces + 1] = conf.mask
    at = last + 1
    counts[kind] = (counts[kind] or 0) + 1
  end
  for kind, count in pairs(counts) do masked:inc(count, { kind }) end
  pieces[#pieces + 1] = data:sub(at, cut)
  state.held = data:sub(cut + 1)
  return table.concat(pieces)
end

return F
