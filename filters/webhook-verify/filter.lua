-- Lets webhooks through whose sender has proved that it knows the secret, each once.
local problem = require "lib.problem"

local results = gw.metrics.counter("webhook_requests_total", "Webhooks by result", { "scheme", "result" })

local HEADER_BYTES_MAX, PARTS_MAX = 4096, 32

local F = {
  api = 1,
  version = "1.0.0",
  description = "Signatures of webhooks in the ways of GitHub and Stripe, with a replay window",
  request_body = "buffer",
  uses = { store = { "$config.store" } },
  schema = {
    type = "object",
    required = { "scheme", "secrets" },
    properties = {
      scheme = { enum = { "github", "stripe" }, description = "How the sender signs" },
      secrets = {
        type = "array", minItems = 1, maxItems = 4, uniqueItems = true,
        items = { type = "string", minLength = 8, maxLength = 512, secret = true },
        description = "Secrets, any of which may have signed: name the old one too while you rotate",
      },
      header = {
        type = "string", format = "header-name",
        description = "The field with the signature; by default x-hub-signature-256 or stripe-signature",
      },
      tolerance = {
        type = "string", format = "duration", default = "5m", minimum = 1, maximum = 86400,
        description = "stripe: how far the signed time may be from now, in both directions",
      },
      store = { type = "string", minLength = 1, default = "webhooks", description = "The store that keeps what came" },
      replay_window = {
        type = "string", format = "duration", default = "10m", minimum = 0, maximum = 604800,
        description = "How long a signature is good only once; 0s: no check. stripe: twice the tolerance at least",
      },
      duplicate_status = {
        type = "integer", minimum = 200, maximum = 499, default = 200,
        description = "The answer to a webhook that came before; senders stop to retry after 2xx",
      },
    },
  },
}

local default_headers = { github = "x-hub-signature-256", stripe = "stripe-signature" }
local prepared = {}

function F.on_init(conf)
  local window = conf.replay_window
  -- A signature is good until its time is past, seen from the edge of the tolerance on the other side.
  if window > 0 and conf.scheme == "stripe" then window = math.max(window, 2 * conf.tolerance + 1) end
  prepared[conf] = {
    header = (conf.header or default_headers[conf.scheme]):lower(), window = window,
    store = window > 0 and gw.store(conf.store) or nil,
  }
end

local function is_digest(signature) return #signature == 64 and not signature:find("[^0-9a-f]") end

-- The signature of the list that one of the secrets makes of the payload. Every pair is compared, so that the time
-- tells nothing about which secret or signature was near.
local function matching(signatures, payload, secrets)
  local found
  for _, secret in ipairs(secrets) do
    local expected = crypto.hmac_sha256(secret, payload)
    for _, signature in ipairs(signatures) do
      if crypto.equal(expected, signature) then found = signature end
    end
  end
  return found
end

-- `sha256=HEX`
local function read_github(field)
  if field:sub(1, 7) ~= "sha256=" then return nil end
  local signature = field:sub(8):lower()
  return is_digest(signature) and { signatures = { signature } } or nil
end

-- `t=SECONDS,v1=HEX,v1=HEX`; other versions are left out.
local function read_stripe(field)
  local found = { signatures = {} }
  local parts = text.split(field, ",", PARTS_MAX)
  if #parts >= PARTS_MAX then return nil end
  for _, part in ipairs(parts) do
    local equals = part:find("=", 1, true)
    if not equals then return nil end
    local name, value = text.trim(part:sub(1, equals - 1)), part:sub(equals + 1)
    if name == "t" then
      if found.time or #value == 0 or #value > 12 or value:find("[^0-9]") then return nil end
      found.time = value
    elseif name == "v1" then
      value = value:lower()
      if is_digest(value) and #found.signatures < 8 then found.signatures[#found.signatures + 1] = value end
    end
  end
  return found.time and #found.signatures > 0 and found or nil
end

local function refuse(ctx, conf, result, status, code, detail)
  results:inc(1, { conf.scheme, result })
  return problem(ctx, status, code, detail)
end

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  local all = req.headers:all(plan.header)
  if #all == 0 then return refuse(ctx, conf, "unsigned", 401, "unauthenticated", "the signature is missing") end
  local field = all[1]
  if #all > 1 or #field > HEADER_BYTES_MAX then
    return refuse(ctx, conf, "malformed", 400, "bad_request", "the signature cannot be read")
  end
  local read = conf.scheme == "stripe" and read_stripe or read_github
  local signed = read(field)
  if not signed then return refuse(ctx, conf, "malformed", 400, "bad_request", "the signature cannot be read") end
  -- Before the body is waited for: what is out of time needs no more work.
  if signed.time and math.abs(gw.now() - tonumber(signed.time, 10)) > conf.tolerance then
    return refuse(ctx, conf, "expired", 401, "unauthenticated", "the signature is too old")
  end
  local body, failure = req:body()
  if not body then
    if failure == "too_large" then
      return refuse(ctx, conf, "too_large", 413, "body_too_large", "the webhook is too large")
    end
    return refuse(ctx, conf, "aborted", 400, "bad_request", "the body did not arrive")
  end
  local payload = signed.time and signed.time .. "." .. body or body
  local signature = matching(signed.signatures, payload, conf.secrets)
  if not signature then
    return refuse(ctx, conf, "invalid", 401, "unauthenticated", "the signature is not right")
  end
  if plan.store then
    -- By the signature: everything else that could name the webhook is not signed, and anyone can write it anew.
    local key = "webhook:" .. conf.scheme .. ":" .. signature
    local is_new, reason = plan.store:add(key, 1, plan.window)
    if not is_new and reason == "exists" then
      results:inc(1, { conf.scheme, "duplicate" })
      return gw.reply(conf.duplicate_status, { ["x-webhook-duplicate"] = "true", ["cache-control"] = "no-store" }, "")
    end
    if not is_new then
      gw.log.error("the store of webhooks refuses", { reason = tostring(reason) })
      return refuse(ctx, conf, "unavailable", 503, "filter_failed", "the webhook cannot be taken now")
    end
    ctx.state.key = key
  end
  results:inc(1, { conf.scheme, "accepted" })
end

function F.on_log(rec, ctx)
  local key = ctx.state.key
  -- The sender will try again what failed here, with the same signature.
  if key and (not rec.status or rec.status < 200 or rec.status >= 300) then prepared[ctx.conf].store:delete(key) end
end

return F
