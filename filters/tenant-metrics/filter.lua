-- Business figures by tenant and plan: requests, created orders, and what they are worth.
local media_type = require "lib.media_type"

-- Past `max_series` of a family, further label values share the series `_overflow`: that bound is the gateway's own,
-- and holds whatever the configuration says.
local requests = gw.metrics.counter(
  "tenant_requests_total", "Requests by tenant", { "tenant", "plan", "class" }, { max_series = 2000 })
local seconds = gw.metrics.histogram(
  "tenant_request_duration_seconds", "Time to the end of the response by plan", { "plan" },
  { buckets = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }, max_series = 100 })
local orders = gw.metrics.counter("orders_total", "Orders created", { "tenant", "plan" }, { max_series = 1000 })
local values = gw.metrics.histogram(
  "order_value_eur", "Value of created orders", { "plan" },
  { buckets = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000 }, max_series = 100 })
local skipped = gw.metrics.counter(
  "tenant_orders_skipped_total", "Created orders whose response could not be read", { "reason" })

local NAME_BYTES_MAX = 64
local ANONYMOUS, OTHER, NO_PLAN = "anonymous", "other", "none"

local F = {
  api = 1,
  version = "1.0.0",
  description = "Requests, orders and their value by tenant and plan",
  response_body = "buffer",
  schema = {
    type = "object",
    properties = {
      claim = { type = "string", minLength = 1, default = "tenant", description = "The claim that names the tenant" },
      plan_claim = { type = "string", minLength = 1, default = "plan", description = "The claim that names the plan" },
      header = {
        type = "string", format = "header-name",
        description = "Names the tenant where no claim does. Clients can write it: use it behind a filter that sets it",
      },
      tenants = {
        type = "array", items = { type = "string", minLength = 1, maxLength = 64 }, maxItems = 1000, default = {},
        description = "The tenants that have series of their own; all others are \"other\". Empty: the first that come",
      },
      max_tenants = {
        type = "integer", minimum = 1, maximum = 1000, default = 500,
        description = "How many tenants one worker tells apart when they are not listed",
      },
      orders = {
        type = "object",
        description = "Which responses are created orders; they are read whole",
        properties = {
          enabled = { type = "boolean", default = true, description = "Whether responses are read at all" },
          status = {
            type = "integer", minimum = 200, maximum = 299, default = 201,
            description = "Status of a created order",
          },
          value = {
            type = "string", minLength = 1, default = "total",
            description = "The field with the value, in EUR",
          },
          plan = {
            type = "string", minLength = 1, default = "plan",
            description = "The field that names the plan where no claim does",
          },
          max_bytes = {
            type = "string", format = "bytes", default = "64KiB", minimum = 1, maximum = 1048576,
            description = "Responses that are longer, or do not say how long they are, are passed on unread",
          },
        },
      },
    },
  },
}

local prepared = {}

function F.on_init(conf)
  local plan = { is_listed = #conf.tenants > 0, known = {}, count = 0 }
  for _, name in ipairs(conf.tenants) do plan.known[name] = true end
  prepared[conf] = plan
end

-- A value from outside as a label: short and printable, or nil.
local function label(value)
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" or #value == 0 or #value > NAME_BYTES_MAX then return nil end
  if value:find("[\0-\31\127]") or not utf8.len(value) then return nil end
  return value
end

-- The tenant, or `other` once there are too many.
local function bounded(name, plan, conf)
  if plan.known[name] then return name end
  if plan.is_listed or plan.count >= conf.max_tenants then return OTHER end
  plan.known[name] = true
  plan.count = plan.count + 1
  return name
end

function F.on_request(req, ctx)
  local conf, auth, state = ctx.conf, ctx.auth, ctx.state
  local claims = auth and auth.claims or {}
  local tenant = label(claims[conf.claim])
  if not tenant and conf.header then tenant = label(req.headers:get(conf.header)) end
  state.tenant = tenant and bounded(tenant, prepared[conf], conf) or ANONYMOUS
  state.plan = label(claims[conf.plan_claim])
  -- The log and other filters get the name itself, however many there are.
  ctx.vars.tenant = tenant or ANONYMOUS
  ctx.vars.plan = state.plan
end

function F.on_response(res, ctx)
  local conf, state = ctx.conf.orders, ctx.state
  if not state.tenant or not conf.enabled or res.status ~= conf.status then return end
  local headers = res.headers
  if not media_type.is_json(media_type.of(headers:get("content-type"))) then return end
  -- What cannot be read is passed on: figures are never a reason to break a response.
  local length = headers:get("content-length")
  length = length and tonumber(length, 10)
  local reason
  if not media_type.is_plain(headers:get("content-encoding")) then reason = "encoded"
  elseif not length then reason = "unknown_length"
  elseif length > conf.max_bytes then reason = "too_large"
  end
  local order
  if not reason then
    order = res:json()
    if type(order) ~= "table" then reason = "not_an_object" end
  end
  if reason then
    skipped:inc(1, { reason })
    return
  end
  local plan = state.plan or label(order[conf.plan]) or NO_PLAN
  orders:inc(1, { state.tenant, plan })
  local value = order[conf.value]
  if type(value) == "number" and value >= 0 and value < math.huge then values:observe(value, { plan }) end
end

function F.on_log(rec, ctx)
  local state = ctx.state
  if not state.tenant then return end
  local plan, status = state.plan or NO_PLAN, rec.status
  local class = status and status >= 100 and (status // 100) .. "xx" or "none"
  requests:inc(1, { state.tenant, plan, class })
  local duration = rec.duration_ms
  if duration and duration >= 0 then seconds:observe(duration / 1000, { plan }) end
end

return F
