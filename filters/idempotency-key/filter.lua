-- Lets a request with an Idempotency-Key reach the upstream once: who sends it again gets the first answer again.
local problem = require "lib.problem"

local results = gw.metrics.counter(
  "idempotency_requests_total", "Requests with a key by what became of them", { "result" })

-- A value of a store has 64 KiB at most.
local VALUE_BYTES_MAX, HEAD_BYTES_MAX = 65536, 4096
local RELEASED, TOMBSTONE = "released", "not kept"
-- What a status means in itself, not for this request: the same request may be taken later.
local passing = { [408] = true, [421] = true, [425] = true, [429] = true }
-- Ends after which nobody knows whether the upstream has done its work.
local unknown_ends = {
  client_gone = true, client_stalled = true, upstream_reset = true, upstream_timeout = true, upstream_protocol = true,
  upstream_truncated = true, upstream_body_timeout = true, upstream_headers_too_large = true,
  deadline_exceeded = true, drain_timeout = true, filter_failed = true, internal_error = true,
}

local F = {
  api = 1,
  version = "1.0.0",
  description = "Requests with an Idempotency-Key reach the upstream once",
  request_body = "buffer",
  response_body = "buffer",
  uses = { store = { "$config.store" } },
  schema = {
    type = "object",
    properties = {
      header = {
        type = "string", format = "header-name", default = "idempotency-key", description = "The field with the key",
      },
      methods = {
        type = "array", items = { type = "string", minLength = 1, maxLength = 32 }, minItems = 1, maxItems = 8,
        uniqueItems = true, default = { "POST", "PATCH" }, description = "Methods to which this applies; others pass",
      },
      required = { type = "boolean", default = false, description = "Refuse such requests without a key, with 400" },
      store = {
        type = "string", minLength = 1, default = "idempotency",
        description = "The store of locks and answers",
      },
      ttl = {
        type = "string", format = "duration", default = "24h", minimum = 1, maximum = 2592000,
        description = "How long an answer is given again",
      },
      lock_ttl = {
        type = "string", format = "duration", default = "60s", minimum = 1, maximum = 3600,
        description = "How long a request may be under way; longer than the route's timeout",
      },
      max_body = {
        type = "string", format = "bytes", default = "60KiB", minimum = 0, maximum = 61440,
        description = "The longest answer that is kept; a longer one is given once",
      },
      scope = {
        enum = { "caller", "global" }, default = "caller",
        description = "caller: keys of different callers are different keys. global: they are not",
      },
      on_unknown = {
        enum = { "hold", "release" }, default = "hold",
        description = "After an end that tells nothing (timeout, reset): hold the key until lock_ttl, or free it",
      },
      keep_headers = {
        type = "array", items = { type = "string", format = "header-name" }, maxItems = 32, uniqueItems = true,
        default = {
          "content-type", "content-language", "content-encoding", "location", "etag", "last-modified", "link",
        },
        description = "Fields of the answer that are kept with it",
      },
    },
  },
}

local prepared = {}

function F.on_init(conf)
  local plan = { store = gw.store(conf.store), methods = {}, header = conf.header:lower(), kept = {} }
  for _, method in ipairs(conf.methods) do plan.methods[method] = true end
  for _, name in ipairs(conf.keep_headers) do
    name = name:lower()
    -- One caller's session must not reach another one, and a date or request id says something about one exchange.
    if name == "set-cookie" or name == "date" or name == "x-request-id" then
      error("the header \"" .. name .. "\" is never kept", 0)
    end
    plan.kept[#plan.kept + 1] = name
  end
  prepared[conf] = plan
end

-- Who calls: the same key of two callers must never show the one what the other one did.
local function caller(req, ctx, conf)
  if conf.scope == "global" then return "global" end
  local auth = ctx.auth
  local subject = auth and (auth.consumer or auth.subject)
  if subject then return "subject\0" .. tostring(auth.scheme) .. "\0" .. tostring(subject) end
  local token = req.headers:joined("authorization")
  if token then return "token\0" .. token end
  return "address\0" .. tostring(ctx.client.ip)
end

local function is_key(key) return #key >= 1 and #key <= 255 and not key:find("[^\33-\126]") end

-- MARK: Kept answers: a line with the payload's digest, a line of JSON, the body

local function write_answer(fingerprint, status, headers, body)
  local head = json.encode{ status = status, headers = headers }
  if not head or #head > HEAD_BYTES_MAX then return nil end
  local value = "done " .. fingerprint .. "\n" .. head .. "\n" .. body
  return #value <= VALUE_BYTES_MAX and value or nil
end

-- The payload's digest and the answer: a table, or TOMBSTONE.
local function read_answer(value)
  local first = value:find("\n", 1, true)
  if value:sub(1, 5) ~= "done " or not first then return nil end
  local fingerprint = value:sub(6, first - 1)
  local second = value:find("\n", first + 1, true)
  if not second then return fingerprint, TOMBSTONE end
  local head = json.decode(value:sub(first + 1, second - 1))
  if type(head) ~= "table" then return nil end
  return fingerprint, { status = head.status, headers = head.headers, body = value:sub(second + 1) }
end

local function locked_fingerprint(value)
  local space = value:sub(1, 5) == "lock " and value:find(" ", 6, true)
  return space and value:sub(6, space - 1)
end

-- MARK: Phases

-- Takes the key; else returns what lies there, or nil and the store's reason.
local function take(plan, conf, key, lock)
  for _ = 1, 3 do
    local is_added, reason = plan.store:add(key, lock, conf.lock_ttl)
    if is_added then return true end
    if reason ~= "exists" then return false, nil, reason end
    local value = plan.store:get(key)
    if value == RELEASED then
      if plan.store:cas(key, RELEASED, lock, conf.lock_ttl) then return true end
    elseif value ~= nil then
      return false, value
    end
    -- It went away between both, or another one took it: once more.
  end
  return false, nil, "contended"
end

local function answer_again(ctx, value, fingerprint)
  local kept_fingerprint, answer = read_answer(value)
  local locked = not kept_fingerprint and locked_fingerprint(value)
  if not kept_fingerprint and not locked then
    results:inc(1, { "unavailable" })
    return problem(ctx, 503, "filter_failed", "the key cannot be checked now")
  end
  if (kept_fingerprint or locked) ~= fingerprint then
    results:inc(1, { "mismatch" })
    return problem(ctx, 422, "idempotency_key_reused", "the key was used for another request")
  end
  if locked then
    results:inc(1, { "in_flight" })
    return problem(ctx, 409, "idempotency_key_in_use", "a request with this key is under way",
      { ["retry-after"] = "1" })
  end
  if answer == TOMBSTONE then
    results:inc(1, { "not_kept" })
    return problem(ctx, 409, "idempotency_answer_not_kept",
      "the request was done before, and its answer was too large to be kept")
  end
  results:inc(1, { "replayed" })
  answer.headers["idempotency-replayed"] = "true"
  return gw.reply(answer.status, answer.headers, answer.body)
end

local function read_key(ctx, req, conf, plan)
  local all = req.headers:all(plan.header)
  if #all == 0 then
    if not conf.required then return nil end
    results:inc(1, { "missing" })
    return nil, problem(ctx, 400, "idempotency_key_missing", "the header " .. plan.header .. " is missing")
  end
  if #all > 1 or not is_key(all[1]) then
    results:inc(1, { "malformed" })
    return nil, problem(ctx, 400, "idempotency_key_malformed",
      "a key has 1 to 255 printable characters, and comes once")
  end
  return all[1]
end

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  if not plan.methods[req.method] then return end
  local name, refusal = read_key(ctx, req, conf, plan)
  if not name then return refusal end
  local body, failure = req:body()
  if not body then
    results:inc(1, { failure == "too_large" and "too_large" or "aborted" })
    if failure == "too_large" then return problem(ctx, 413, "body_too_large", "the body is too large for a key") end
    return problem(ctx, 400, "bad_request", "the body did not arrive")
  end
  local fingerprint = crypto.sha256(table.concat({
    req.method, req.host or "", req.path, req.query or "", req.headers:get("content-type") or "", body }, "\0"))
  -- A digest: keys of stores are short, and callers choose theirs.
  local key = "idem:" .. crypto.sha256(table.concat({ caller(req, ctx, conf), ctx.route.name or "", name }, "\0"))
  local lock = "lock " .. fingerprint .. " " .. crypto.uuid()
  local is_taken, value, reason = take(plan, conf, key, lock)
  if not is_taken then
    if value then return answer_again(ctx, tostring(value), fingerprint) end
    -- Without a lock the request could be done twice.
    results:inc(1, { "unavailable" })
    gw.log.error("the store of idempotency keys refuses", { reason = tostring(reason) })
    return problem(ctx, 503, "filter_failed", "the key cannot be checked now", { ["retry-after"] = "1" })
  end
  results:inc(1, { "first" })
  local state = ctx.state
  state.key, state.lock, state.fingerprint = key, lock, fingerprint
  -- An answer may be given again to a client that does not understand what this one would.
  req.headers:remove("accept-encoding")
end

-- Puts an answer in the lock's place; the lock may have expired and be another's by now.
local function keep(ctx, value)
  local state, conf = ctx.state, ctx.conf
  local plan = prepared[conf]
  local is_kept, reason = plan.store:cas(state.key, state.lock, value, conf.ttl)
  if not is_kept and value:find("\n", 1, true) ~= #value then
    -- No room for the answer; that the work is done has to be known all the same.
    is_kept = plan.store:cas(state.key, state.lock, "done " .. state.fingerprint .. "\n", conf.ttl)
    results:inc(1, { "full" })
    gw.log.warn("the answer of a request with a key is not kept", { reason = tostring(reason) })
  end
  if is_kept then state.lock = nil end
end

function F.on_response(res, ctx)
  local conf, state = ctx.conf, ctx.state
  if not state.lock or res.source ~= "upstream" then return end
  local status = res.status
  if status >= 500 or passing[status] then return end
  local tombstone = "done " .. state.fingerprint .. "\n"
  local headers = res.headers
  local length = headers:get("content-length")
  length = length and tonumber(length, 10)
  -- Not read, so that it passes however large it is.
  if length and length > conf.max_body then return keep(ctx, tombstone) end
  local body, failure = res:body()
  if not body then
    if failure ~= "too_large" then return end
    keep(ctx, tombstone)
    return problem(ctx, 502, "filter_failed", "the request was done, but its answer is too large to be passed on")
  end
  local kept = {}
  for _, name in ipairs(prepared[conf].kept) do
    local values = headers:all(name)
    if #values > 0 then kept[name] = #values == 1 and values[1] or values end
  end
  local value = #body <= conf.max_body and write_answer(state.fingerprint, status, kept, body)
  keep(ctx, value or tombstone)
end

function F.on_log(rec, ctx)
  local state, conf = ctx.state, ctx.conf
  if not state.lock then return end
  if unknown_ends[rec.end_reason] and conf.on_unknown == "hold" then
    results:inc(1, { "held" })
    return
  end
  results:inc(1, { "released" })
  -- Not deleted: between a look and a deletion, the key could have become another's.
  prepared[conf].store:cas(state.key, state.lock, RELEASED, 1)
end

return F
