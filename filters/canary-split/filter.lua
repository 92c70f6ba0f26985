-- Sends a share of the clients to another upstream, always the same ones, until somebody or something says stop.
local problem = require "lib.problem"

local requests = gw.metrics.counter(
  "canary_requests_total", "Requests by experiment, arm and class of status", { "experiment", "arm", "class" })
local seconds = gw.metrics.histogram(
  "canary_request_duration_seconds", "Time to the end of the response by experiment and arm", { "experiment", "arm" },
  { buckets = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 } })
local stops = gw.metrics.counter("canary_stops_total", "Times that an experiment was stopped", { "experiment", "by" })

local BUCKETS = 10000

local F = {
  api = 1,
  version = "1.0.0",
  description = "Sends a share of the clients to another upstream, with a kill switch",
  uses = { store = { "$config.store" } },
  schema = {
    type = "object",
    properties = {
      role = {
        enum = { "split", "switch" }, default = "split",
        description = "split: send requests to an arm. switch: answer requests that read or set the kill switch",
      },
      experiment = {
        type = "string", minLength = 1, maxLength = 64, default = "canary",
        description = "The name in metrics and in the store; the same for the split and its switch",
      },
      store = { type = "string", minLength = 1, default = "canary", description = "The store with the kill switch" },
      upstream = { type = "string", minLength = 1, description = "split: the upstream of the canary arm" },
      percent = {
        type = "number", minimum = 0, maximum = 100, default = 0, description = "split: the share of the canary arm",
      },
      sticky = {
        enum = { "cookie", "subject", "none" }, default = "cookie",
        description = "split: by what a client keeps its arm. subject: requests without one go to the stable arm",
      },
      cookie = {
        type = "string", format = "header-name", maxLength = 64, default = "canary",
        description = "The cookie's name",
      },
      cookie_max_age = {
        type = "string", format = "duration", default = "720h", minimum = 60, description = "How long browsers keep it",
      },
      cookie_key = {
        type = "string", minLength = 16, maxLength = 512, secret = true,
        description = "Signs the cookie, so that clients cannot choose their arm",
      },
      auto_stop = {
        type = "object",
        description = "Stop by itself when the canary arm answers too often with 5xx",
        properties = {
          error_percent = {
            type = "number", minimum = 0, maximum = 100, default = 0, description = "Past this share; 0: never",
          },
          min_requests = {
            type = "integer", minimum = 1, default = 50,
            description = "Not before so many requests in a window",
          },
          window = {
            type = "string", format = "duration", default = "60s", minimum = 1, maximum = 3600,
            description = "The time in which they are counted",
          },
        },
      },
      token = {
        type = "string", minLength = 16, maxLength = 512, secret = true,
        description = "switch: what callers send as Authorization: Bearer",
      },
    },
  },
}

local prepared = {}

function F.on_init(conf)
  if conf.role == "split" and not conf.upstream then error("the role split needs an upstream", 0) end
  if conf.role == "switch" and not conf.token then error("the role switch needs a token", 0) end
  prepared[conf] = { store = gw.store(conf.store), off = "canary:" .. conf.experiment .. ":off" }
end

-- MARK: Arms

-- Even over all values, and the same on every worker and after every restart.
local function bucket_of(conf, value)
  return tonumber(crypto.sha256(conf.experiment .. "\0" .. value):sub(1, 8), 16) % BUCKETS
end

local function signature(conf, bucket)
  return crypto.hmac_sha256(conf.cookie_key, conf.experiment .. "\0" .. bucket):sub(1, 32)
end

local function write_cookie(conf, bucket, is_secure)
  local value = tostring(bucket)
  if conf.cookie_key then value = value .. "." .. signature(conf, bucket) end
  return conf.cookie .. "=" .. value .. "; Path=/; Max-Age=" .. math.floor(conf.cookie_max_age)
    .. "; HttpOnly; SameSite=Lax" .. (is_secure and "; Secure" or "")
end

-- The bucket that a cookie holds; nil when it is none of ours.
local function read_cookie(conf, value)
  if not value or #value > 64 then return nil end
  local dot = value:find(".", 1, true)
  local digits = dot and value:sub(1, dot - 1) or value
  if #digits == 0 or #digits > 4 or digits:find("[^0-9]") then return nil end
  local bucket = tonumber(digits, 10)
  if conf.cookie_key then
    if not dot or not crypto.equal(signature(conf, bucket), value:sub(dot + 1)) then return nil end
  elseif dot then
    return nil
  end
  return bucket
end

local function random_bucket() return tonumber(hex.encode(crypto.random(4)), 16) % BUCKETS end

-- The client's bucket, and whether a cookie has to be set for it.
local function choose(req, ctx, conf)
  if conf.sticky == "subject" then
    local auth = ctx.auth
    local subject = auth and (auth.subject or auth.consumer)
    return subject and bucket_of(conf, tostring(subject)), false
  end
  if conf.sticky == "none" then return random_bucket(), false end
  local bucket = read_cookie(conf, req:cookie(conf.cookie))
  if bucket then return bucket, false end
  return random_bucket(), true
end

local function split(req, ctx, conf, plan)
  local state = ctx.state
  local bucket, is_new = choose(req, ctx, conf)
  if is_new then state.cookie = write_cookie(conf, bucket, req.scheme == "https") end
  local is_canary = bucket ~= nil and bucket < conf.percent * (BUCKETS / 100)
  if is_canary and plan.store:get(plan.off) ~= nil then is_canary = false end
  state.arm = is_canary and "canary" or "stable"
  ctx.vars.arm = state.arm
  if is_canary then req:set_upstream(conf.upstream) end
end

-- MARK: The switch

local function has_token(req, conf)
  local all = req.headers:all("authorization")
  if #all ~= 1 or all[1]:sub(1, 7):lower() ~= "bearer " then return false end
  -- Digests, so that the time does not tell how long the token is.
  return crypto.equal(crypto.sha256(all[1]:sub(8)), crypto.sha256(conf.token))
end

local function switch(req, ctx, conf, plan)
  if not has_token(req, conf) then
    return problem(ctx, 401, "unauthenticated", "the token is missing or wrong", { ["www-authenticate"] = "Bearer" })
  end
  local method = req.method
  if method == "PUT" or method == "POST" then
    local wanted = req:arg("state")
    if wanted == "off" then
      local is_set, reason = plan.store:set(plan.off, "switch")
      if not is_set then return problem(ctx, 503, "filter_failed", "the store refuses: " .. tostring(reason)) end
      stops:inc(1, { conf.experiment, "switch" })
      gw.log.warn("the canary was stopped", { experiment = conf.experiment, by = "switch" })
    elseif wanted == "on" then
      plan.store:delete(plan.off)
      gw.log.warn("the canary was started again", { experiment = conf.experiment })
    else
      return problem(ctx, 400, "bad_request", "state is on or off")
    end
  elseif method ~= "GET" and method ~= "HEAD" then
    return problem(ctx, 405, "method_not_allowed", "read with GET, set with PUT", { allow = "GET, HEAD, PUT, POST" })
  end
  local by = plan.store:get(plan.off)
  return gw.reply(200, { ["content-type"] = "application/json", ["cache-control"] = "no-store" },
    { experiment = conf.experiment, state = by and "off" or "on", by = by })
end

-- MARK: Phases

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  if conf.role == "switch" then return switch(req, ctx, conf, plan) end
  split(req, ctx, conf, plan)
end

function F.on_response(res, ctx)
  local cookie = ctx.state.cookie
  if not cookie then return end
  res.headers:add("set-cookie", cookie)
  -- A shared cache must not hand one client's arm to all.
  if not res.headers:has("cache-control") then res.headers:set("cache-control", "private") end
end

-- Counts an answer of the canary arm, and stops the experiment when too many were errors.
local function watch(conf, plan, is_error)
  local auto = conf.auto_stop
  local window = math.max(math.floor(auto.window), 1)
  local prefix = "canary:" .. conf.experiment .. ":" .. gw.now() // window
  local total = plan.store:incr(prefix .. ":n", 1, 0, 2 * window)
  local errors = plan.store:incr(prefix .. ":e", is_error and 1 or 0, 0, 2 * window)
  if not total or not errors or total < auto.min_requests then return end
  if errors * 100 <= auto.error_percent * total then return end
  if plan.store:add(plan.off, "auto_stop") then
    stops:inc(1, { conf.experiment, "auto_stop" })
    gw.log.error("the canary was stopped",
      { experiment = conf.experiment, by = "auto_stop", errors = errors, of = total })
  end
end

function F.on_log(rec, ctx)
  local conf, arm = ctx.conf, ctx.state.arm
  if not arm then return end
  local status = rec.status
  local class = status and status >= 100 and (status // 100) .. "xx" or "none"
  requests:inc(1, { conf.experiment, arm, class })
  local duration = rec.duration_ms
  if duration and duration >= 0 then seconds:observe(duration / 1000, { conf.experiment, arm }) end
  if arm == "canary" and conf.auto_stop.error_percent > 0 then
    watch(conf, prepared[conf], class == "5xx" or class == "none" and rec.end_reason ~= "client_gone")
  end
end

return F
