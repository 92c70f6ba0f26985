-- Asks an authorization service whether a request may pass, and remembers the answer for all workers.
local fields = require "lib.fields"
local problem = require "lib.problem"

local lookups = gw.metrics.counter("authz_cache_total", "Lookups by where the answer came from", { "result" })
local decisions = gw.metrics.counter("authz_decisions_total", "Requests by decision", { "decision" })
local calls = gw.metrics.histogram(
  "authz_call_duration_seconds", "Time of calls to the authorization service", {},
  { buckets = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1 } })

local KEPT_BYTES_MAX = 1024

local F = {
  api = 1,
  version = "1.0.0",
  description = "Decisions of an authorization service, cached",
  uses = { http = { "$config.upstream" }, store = { "$config.store" } },
  schema = {
    type = "object",
    properties = {
      upstream = { type = "string", minLength = 1, default = "authz", description = "The upstream that decides" },
      store = {
        type = "string", minLength = 1, default = "authz",
        description = "The store that keeps decisions; lru",
      },
      path = { type = "string", format = "uri-path", default = "/check", description = "What is asked for there" },
      header = {
        type = "string", format = "header-name", default = "authorization",
        description = "The field with the credential; cookie stands for all cookies",
      },
      anonymous = { type = "boolean", default = false, description = "Ask also for requests without a credential" },
      query = { type = "boolean", default = false, description = "Send the query, and keep decisions by it" },
      send = {
        type = "array", items = { type = "string", format = "header-name" }, maxItems = 16, uniqueItems = true,
        default = {}, description = "Further fields that the service gets; decisions are kept by them",
      },
      forward = {
        type = "array", items = { type = "string", format = "header-name" }, maxItems = 16, uniqueItems = true,
        default = {}, description = "Fields of its answer that the upstream gets; copies of clients are dropped",
      },
      ttl = {
        type = "string", format = "duration", default = "60s", minimum = 1, maximum = 86400,
        description = "How long a request that was allowed is allowed",
      },
      negative_ttl = {
        type = "string", format = "duration", default = "5s", minimum = 1, maximum = 3600,
        description = "How long a refusal holds; never longer than ttl",
      },
      stale = {
        type = "string", format = "duration", default = "60s", minimum = 0, maximum = 86400,
        description = "How long past its time a decision still holds while the service fails; 0s: not at all",
      },
      timeout = {
        type = "string", format = "duration", default = "300ms", minimum = 0.01, maximum = 5,
        description = "How long the service may take",
      },
    },
  },
}

local prepared = {}

function F.on_init(conf)
  local plan = { store = gw.store(conf.store), drop = {}, header = conf.header:lower() }
  for _, name in ipairs(conf.forward) do
    fields.check(name)
    plan.drop[fields.normal(name)] = true
  end
  for _, name in ipairs(conf.send) do fields.check(name) end
  fields.check(conf.header)
  -- The credential itself would be dropped before it is read.
  if plan.drop[fields.normal(conf.header)] then error("header and forward name the same field", 0) end
  prepared[conf] = plan
end

-- The credential: nil without one, false where there are several, of which another reader may take another one.
local function credential(headers, name)
  local all = headers:all(name)
  if name == "cookie" then return #all > 0 and table.concat(all, "; ") or nil end
  if #all > 1 then return false end
  return all[1]
end

-- What the service is told about the request.
local function question(req, conf, plan, token)
  local target = req.path
  if conf.query and req.query and req.query ~= "" then target = target .. "?" .. req.query end
  local sent = { ["x-original-method"] = req.method, ["x-original-host"] = req.host, ["x-original-uri"] = target }
  -- No part holds a NUL, so that two requests never share a key.
  local parts = { plan.header, token or "", req.method, req.host or "", target }
  if token then sent[plan.header] = token end
  for _, name in ipairs(conf.send) do
    local value = req.headers:joined(name)
    parts[#parts + 1] = value or ""
    if value then sent[name:lower()] = value end
  end
  return sent, crypto.sha256(table.concat(parts, "\0"))
end

local function ask(conf, sent)
  local started = gw.monotonic()
  local answer, failure = gw.http.call{
    upstream = conf.upstream, path = conf.path, headers = sent, timeout_ms = conf.timeout * 1000, max_body = 65536,
  }
  calls:observe(math.max(gw.monotonic() - started, 0))
  if not answer then return nil, failure end
  local status = answer.status
  local is_allowed = status >= 200 and status < 300
  -- Anything else is no decision: a service that fails must neither admit nor lock out for long.
  if not is_allowed and status ~= 401 and status ~= 403 then return nil, "status " .. status end
  local verdict = { allowed = is_allowed, status = status, at = gw.now(), headers = {} }
  if is_allowed then
    for _, name in ipairs(conf.forward) do
      local value = answer.headers:get(name)
      if value and fields.is_value(value, KEPT_BYTES_MAX) then verdict.headers[name:lower()] = value end
    end
  elseif status == 401 then
    local challenge = answer.headers:get("www-authenticate")
    if challenge and fields.is_value(challenge, KEPT_BYTES_MAX) then verdict.challenge = challenge end
  end
  return verdict
end

local function decide(conf, plan, sent, key)
  local result = "hit"
  local function fill()
    result = "miss"
    local verdict, failure = ask(conf, sent)
    if not verdict then result = "stale" end
    return verdict, failure
  end
  local options = conf.stale > 0 and { stale = conf.stale } or nil
  local verdict, failure = plan.store:remember(key, conf.ttl, fill, options)
  if type(verdict) == "table" and not verdict.allowed and result == "hit"
    and gw.now() - verdict.at >= conf.negative_ttl then
    plan.store:delete(key)
    verdict, failure = plan.store:remember(key, conf.ttl, fill)
  end
  if type(verdict) ~= "table" then return nil, "error", failure end
  return verdict, result
end

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  fields.drop(req.headers, plan.drop)
  local token = credential(req.headers, plan.header)
  if token == false then
    decisions:inc(1, { "invalid" })
    return problem(ctx, 400, "bad_request", "the credential is there more than once")
  end
  if not token and not conf.anonymous then
    decisions:inc(1, { "unauthenticated" })
    return problem(ctx, 401, "unauthenticated", "a credential is missing", { ["www-authenticate"] = "Bearer" })
  end
  local sent, key = question(req, conf, plan, token)
  local verdict, result, failure = decide(conf, plan, sent, key)
  lookups:inc(1, { result })
  if not verdict then
    decisions:inc(1, { "unavailable" })
    gw.log.warn("no decision of the authorization service", { reason = tostring(failure) })
    return problem(ctx, 503, "authorization_unavailable", "it cannot be decided whether this is allowed",
      { ["retry-after"] = "1" })
  end
  if not verdict.allowed then
    decisions:inc(1, { "denied" })
    if verdict.status == 401 then
      return problem(ctx, 401, "unauthenticated", "the credential was not accepted",
        { ["www-authenticate"] = verdict.challenge or "Bearer" })
    end
    return problem(ctx, 403, "forbidden", "this is not allowed")
  end
  decisions:inc(1, { "allowed" })
  for name, value in pairs(verdict.headers) do req.headers:set(name, value) end
end

return F
