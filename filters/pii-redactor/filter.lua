-- Masks fields of JSON responses by name, at any depth, and leaves every other byte as it is.
local json_text = require "lib.json_text"
local media_type = require "lib.media_type"
local problem = require "lib.problem"

local responses = gw.metrics.counter("pii_responses_total", "JSON responses by what became of them", { "result" })
local masked = gw.metrics.counter(
  "pii_fields_masked_total", "Values that were masked", { "field" }, { max_series = 200 })

local DEPTH_MAX = 128

local F = {
  api = 1,
  version = "1.0.0",
  description = "Masks fields of JSON responses by name, at any depth",
  response_body = "buffer",
  schema = {
    type = "object",
    required = { "fields" },
    properties = {
      fields = {
        type = "array", items = { type = "string", minLength = 1, maxLength = 128 }, minItems = 1, maxItems = 200,
        uniqueItems = true, description = "Names of the fields whose values are masked, wherever they stand",
      },
      ignore_case = { type = "boolean", default = true, description = "Whether Email is email (ASCII letters)" },
      mode = {
        enum = { "mask", "last4", "null", "hash" }, default = "mask",
        description = "mask: a fixed text. last4: the last four characters stay. null: null. hash: a keyed pseudonym",
      },
      modes = {
        type = "object", default = {}, additionalProperties = { enum = { "mask", "last4", "null", "hash" } },
        description = "Another mode for single fields",
      },
      mask = { type = "string", minLength = 1, maxLength = 64, default = "***", description = "The fixed text" },
      hash_key = {
        type = "string", minLength = 16, maxLength = 512, secret = true,
        description = "The key of pseudonyms; required for the mode hash",
      },
      on_unreadable = {
        enum = { "refuse", "pass" }, default = "refuse",
        description = "JSON that is compressed, broken, partial or nested too deep: answered by 502, or passed on",
      },
    },
  },
}

local prepared = {}

local function normal(name, conf) return conf.ignore_case and name:lower() or name end

function F.on_init(conf)
  local plan = { modes = {}, mask = json.encode(conf.mask) }
  for _, name in ipairs(conf.fields) do plan.modes[normal(name, conf)] = { name = name, mode = conf.mode } end
  for name, mode in pairs(conf.modes) do
    local entry = plan.modes[normal(name, conf)]
    if not entry then error("modes names \"" .. name .. "\", which is not among the fields", 0) end
    entry.mode = mode
  end
  for _, entry in pairs(plan.modes) do
    if entry.mode == "hash" and not conf.hash_key then error("the mode hash needs a hash_key", 0) end
  end
  prepared[conf] = plan
end

-- What a JSON value says as text; nil for lists and objects.
local function scalar(value)
  local first = value:sub(1, 1)
  if first == "\"" then return json.decode(value) end
  if first == "{" or first == "[" then return nil end
  return value
end

-- The JSON text in place of another one. null stays: that there is no value is no secret worth breaking clients for.
local function redact(entry, value, conf, plan)
  if value == "null" then return value end
  masked:inc(1, { entry.name })
  if entry.mode == "null" then return "null" end
  if entry.mode == "hash" then
    return json.encode("h:" .. crypto.hmac_sha256(conf.hash_key, scalar(value) or value):sub(1, 32))
  end
  if entry.mode == "last4" then
    local meaning = scalar(value)
    local length = meaning and utf8.len(meaning)
    -- Of a short text, the last four would be most of it.
    if length and length >= 12 then return json.encode(conf.mask .. meaning:sub(utf8.offset(meaning, -4))) end
  end
  return plan.mask
end

function F.on_request(req)
  -- Parts of a document, and compressed ones, cannot be read.
  local headers = req.headers
  headers:remove("range")
  headers:remove("if-range")
  headers:set("accept-encoding", "identity")
end

local function unreadable(ctx, reason)
  responses:inc(1, { reason })
  if ctx.conf.on_unreadable == "pass" then return nil end
  gw.log.warn("a response cannot be redacted", { reason = reason })
  return problem(ctx, 502, "filter_failed", "the response cannot be shown")
end

function F.on_response(res, ctx)
  local conf, headers = ctx.conf, res.headers
  if not media_type.is_json(media_type.of(headers:get("content-type"))) then return end
  if not media_type.is_plain(headers:get("content-encoding")) then return unreadable(ctx, "encoded") end
  if res.status == 206 then return unreadable(ctx, "partial") end
  local body, failure = res:body()
  if not body then
    -- It is gone: too large, or the upstream has gone away. There is nothing to pass on.
    responses:inc(1, { failure == "too_large" and "too_large" or "aborted" })
    return problem(ctx, 502, "filter_failed", "the response cannot be shown")
  end
  if body == "" then return end
  if json.decode(body, { max_depth = DEPTH_MAX }) == nil then return unreadable(ctx, "broken") end
  local plan = prepared[conf]
  local redacted, broken = json_text.replace_values(
    body, plan.modes, conf.ignore_case, function(entry, value) return redact(entry, value, conf, plan) end)
  if broken then return unreadable(ctx, "broken") end
  responses:inc(1, { redacted and "redacted" or "clean" })
  if not redacted or redacted == body then return end
  res:set_body(redacted)
  -- They speak of the bytes before.
  for _, name in ipairs{ "etag", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges" } do
    headers:remove(name)
  end
end

return F
