-- Gives the upstream claims of the verified token as header fields, and nothing that a client claims of itself.
local fields = require "lib.fields"
local problem = require "lib.problem"

local DEPTH_MAX = 8

local results = gw.metrics.counter(
  "jwt_claims_requests_total", "Requests by what became of their claims", { "result" })

local F = {
  api = 1,
  version = "1.0.0",
  description = "Claims of the verified token as header fields for the upstream",
  schema = {
    type = "object",
    required = { "map" },
    properties = {
      map = {
        type = "object",
        additionalProperties = { type = "string", format = "header-name" },
        description = "Claim to header. A claim that is no key of the token is read as a path: address.country",
      },
      required = {
        type = "array", items = { type = "string", minLength = 1 }, maxItems = 32, uniqueItems = true, default = {},
        description = "Claims of the map without which a request is refused with 403",
      },
      require_auth = {
        type = "boolean", default = true,
        description = "Refuse requests that no authentication filter has let in, with 401",
      },
      separator = {
        type = "string", minLength = 1, maxLength = 4, default = ",",
        description = "Stands between the items of a claim that is a list",
      },
      max_bytes = {
        type = "integer", minimum = 1, maximum = 4096, default = 1024,
        description = "The longest value; a longer one counts as missing",
      },
    },
  },
}

-- By configuration: one VM serves every use of the script.
local prepared = {}

function F.on_init(conf)
  local plan = { claims = {}, drop = {}, required = {} }
  for claim, header in pairs(conf.map) do
    fields.check(header)
    local name = fields.normal(header)
    if plan.drop[name] then error("two claims of the map go to the header \"" .. name .. "\"", 0) end
    plan.drop[name] = true
    plan.claims[#plan.claims + 1] = { claim = claim, header = header:lower(), path = text.split(claim, ".", DEPTH_MAX) }
  end
  for _, claim in ipairs(conf.required) do
    if conf.map[claim] == nil then error("the required claim \"" .. claim .. "\" is not in the map", 0) end
    plan.required[claim] = true
  end
  prepared[conf] = plan
end

local function find_claim(claims, entry)
  local value = claims[entry.claim]
  if value ~= nil or #entry.path == 1 then return value end
  value = claims
  for _, step in ipairs(entry.path) do
    if type(value) ~= "table" then return nil end
    value = value[step]
  end
  return value
end

-- The claim as a field's text; nil where it cannot be one.
local function render(value, conf)
  if type(value) ~= "table" then
    local found = fields.text(value)
    return found and fields.is_value(found, conf.max_bytes) and found or nil
  end
  local items, bytes = {}, 0
  if #value == 0 then return nil end
  for _, item in ipairs(value) do
    local found = fields.text(item)
    if not found or not fields.is_value(found, conf.max_bytes) then return nil end
    -- An item that holds the separator would read as two: `user,admin` is not the role admin.
    if found:find(conf.separator, 1, true) then return nil end
    items[#items + 1] = found
    bytes = bytes + #found + #conf.separator
    if bytes > conf.max_bytes + #conf.separator then return nil end
  end
  return table.concat(items, conf.separator)
end

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  local headers = req.headers
  -- First of all, so that no way out of here leaves a client's own copy in place.
  fields.drop(headers, plan.drop)
  local auth = ctx.auth
  if not auth then
    if not conf.require_auth then
      results:inc(1, { "anonymous" })
      return
    end
    results:inc(1, { "unauthenticated" })
    return problem(ctx, 401, "unauthenticated", "authentication is missing", { ["www-authenticate"] = "Bearer" })
  end
  local claims = auth.claims or {}
  local is_complete = true
  for _, entry in ipairs(plan.claims) do
    local value = render(find_claim(claims, entry), conf)
    if value then
      headers:set(entry.header, value)
    elseif plan.required[entry.claim] then
      results:inc(1, { "forbidden" })
      return problem(ctx, 403, "forbidden", "the token lacks a claim that is required here")
    else
      is_complete = false
    end
  end
  results:inc(1, { is_complete and "complete" or "partial" })
end

return F
