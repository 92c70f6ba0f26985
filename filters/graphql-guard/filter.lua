-- Refuses GraphQL requests that would cost too much, or that nobody has allowed, before the upstream sees them.
local graphql = require "lib.graphql"
local json_text = require "lib.json_text"
local media_type = require "lib.media_type"

local operations = gw.metrics.counter(
  "graphql_operations_total", "Operations that were let through", { "kind", "operation" }, { max_series = 500 })
local refused = gw.metrics.counter("graphql_refused_total", "Requests that were refused", { "reason" })
local depths = gw.metrics.histogram(
  "graphql_operation_depth", "Depth of operations, refused ones included", {},
  { buckets = { 1, 2, 3, 4, 6, 8, 10, 15, 20, 30 } })

local OPERATION_BYTES_MAX = 64

local F = {
  api = 1,
  version = "1.0.0",
  description = "Limits on GraphQL documents, and an allow-list of them",
  request_body = "buffer",
  schema = {
    type = "object",
    properties = {
      max_depth = {
        type = "integer", minimum = 1, maximum = 64, default = 10,
        description = "Levels of fields, fragments followed",
      },
      max_fields = {
        type = "integer", minimum = 1, maximum = 100000, default = 300,
        description = "Fields of one operation",
      },
      max_aliases = {
        type = "integer", minimum = 0, maximum = 100000, default = 15,
        description = "Aliases of one operation",
      },
      max_directives = {
        type = "integer", minimum = 0, maximum = 100000, default = 30,
        description = "Directives of one operation",
      },
      max_tokens = {
        type = "integer", minimum = 1, maximum = 10000, default = 2000,
        description = "Words and signs of one document",
      },
      max_bytes = {
        type = "string", format = "bytes", default = "64KiB", minimum = 1, maximum = 1048576,
        description = "The request body, or the query of a GET request",
      },
      max_batch = {
        type = "integer", minimum = 0, maximum = 100, default = 5,
        description = "Operations of one batch; 0: no batches",
      },
      get = { type = "boolean", default = true, description = "Whether queries may come by GET; mutations never may" },
      introspection = {
        type = "boolean", default = false,
        description = "Whether __schema and __type may be asked for",
      },
      kinds = {
        type = "array", items = { enum = { "query", "mutation", "subscription" } }, minItems = 1, uniqueItems = true,
        default = { "query", "mutation" }, description = "The operations that may be sent",
      },
      persisted = {
        type = "array", items = { type = "string", minLength = 64, maxLength = 64 }, maxItems = 2000,
        uniqueItems = true, default = {},
        description = "SHA-256 of documents that were looked at: the limits on operations do not apply to them",
      },
      persisted_only = { type = "boolean", default = false, description = "Whether all other documents are refused" },
      operation_names = {
        type = "array", items = { type = "string", minLength = 1, maxLength = 64 }, maxItems = 400, uniqueItems = true,
        default = {},
        description = "Operations that have series of their own; others are \"other\". Empty: the first that come",
      },
    },
  },
}

local prepared = {}

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

function F.on_init(conf)
  local plan = { kinds = set_of(conf.kinds), names = #conf.operation_names > 0 and set_of(conf.operation_names) or nil }
  plan.persisted = {}
  for _, digest in ipairs(conf.persisted) do
    digest = digest:lower()
    if digest:find("[^0-9a-f]") then error("persisted holds a text that is no SHA-256 in hexadecimal", 0) end
    plan.persisted[digest] = true
  end
  if conf.persisted_only and #conf.persisted == 0 then error("persisted_only needs documents in persisted", 0) end
  prepared[conf] = plan
end

local function refuse(status, code, message, headers)
  refused:inc(1, { code:lower() })
  local all = { ["content-type"] = "application/json", ["cache-control"] = "no-store" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return gw.reply(status, all, { errors = json.array{ { message = message, extensions = { code = code } } } })
end

-- MARK: Requests

-- `{ query, operationName, extensions }` of a JSON object; nil and a refusal.
local function read_entry(value)
  if type(value) ~= "table" or #value > 0 then
    return nil, refuse(400, "BAD_REQUEST", "a request is an object")
  end
  local function pick(key, kind)
    local found = value[key]
    if found == nil or found == json.null then return nil, true end
    return found, type(found) == kind and (kind ~= "table" or #found == 0)
  end
  local query, is_query = pick("query", "string")
  local name, is_name = pick("operationName", "string")
  local extensions, is_object = pick("extensions", "table")
  if not (is_query and is_name and is_object) then
    return nil, refuse(400, "BAD_REQUEST", "query, operationName or extensions have the wrong type")
  end
  return { query = query, name = name, extensions = extensions }
end

local function read_get(req, conf)
  if not conf.get then return nil, refuse(405, "METHOD_NOT_ALLOWED", "send POST", { allow = "POST" }) end
  if #(req.query or "") > conf.max_bytes then return nil, refuse(414, "TOO_LARGE", "the request is too large") end
  local args = req:args()
  for _, key in ipairs{ "query", "operationName", "extensions" } do
    if type(args[key]) == "table" then return nil, refuse(400, "BAD_REQUEST", key .. " is there more than once") end
  end
  local extensions = args.extensions
  if extensions then
    local decoded = json.decode(extensions)
    if type(decoded) ~= "table" or json_text.has_duplicates(extensions, decoded) then
      return nil, refuse(400, "BAD_REQUEST", "extensions is no JSON object")
    end
    extensions = decoded
  end
  local entry, refusal = read_entry{ query = args.query, operationName = args.operationName, extensions = extensions }
  return entry and { entry }, refusal
end

local function read_post(req, conf)
  local kind = req.headers:get("content-type")
  local is_json = media_type.of(kind) == "application/json" and #req.headers:all("content-type") == 1
  if not is_json or not media_type.is_utf8(kind) then
    return nil, refuse(415, "UNSUPPORTED_MEDIA_TYPE", "send application/json in UTF-8")
  end
  if not media_type.is_plain(req.headers:joined("content-encoding")) then
    return nil, refuse(415, "UNSUPPORTED_MEDIA_TYPE", "send the body without compression")
  end
  -- Servers disagree on whether the body or the URL counts.
  local args = req:args()
  if args.query or args.operationName or args.extensions then
    return nil, refuse(400, "BAD_REQUEST", "the query stands in the URL and in the body")
  end
  local size = req:body_size()
  if size and size > conf.max_bytes then return nil, refuse(413, "TOO_LARGE", "the request is too large") end
  local body, failure = req:body()
  if not body and failure ~= "too_large" then return nil, refuse(400, "BAD_REQUEST", "the body did not arrive") end
  if not body or #body > conf.max_bytes then return nil, refuse(413, "TOO_LARGE", "the request is too large") end
  local value = json.decode(body)
  if type(value) ~= "table" then return nil, refuse(400, "BAD_REQUEST", "the body is no JSON object") end
  if json_text.has_duplicates(body, value) then return nil, refuse(400, "BAD_REQUEST", "an object has a key twice") end
  if not body:find("^[ \t\r\n]*%[") then
    local entry, refusal = read_entry(value)
    return entry and { entry }, refusal
  end
  if #value == 0 or #value > conf.max_batch then
    return nil, refuse(400, "BATCH_LIMIT", "a batch has too many operations, or none")
  end
  local entries = {}
  for index, item in ipairs(value) do
    local entry, refusal = read_entry(item)
    if not entry then return nil, refusal end
    entries[index] = entry
  end
  return entries
end

-- MARK: Checks

-- Whether the document is on the list; nil and a refusal when it may not be sent.
local function check_persisted(entry, conf, plan)
  local persisted = entry.extensions and entry.extensions.persistedQuery
  local claimed
  if persisted ~= nil and persisted ~= json.null then
    claimed = type(persisted) == "table" and persisted.sha256Hash
    if type(claimed) ~= "string" then return nil, refuse(400, "BAD_REQUEST", "persistedQuery has no sha256Hash") end
    claimed = claimed:lower()
  end
  if not entry.query then
    if claimed and plan.persisted[claimed] then return true end
    -- Words that clients know: they send the whole document then.
    if claimed then return nil, refuse(400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported") end
    return nil, refuse(400, "BAD_REQUEST", "the query is missing")
  end
  local digest = crypto.sha256(entry.query)
  -- A server would keep the document under a name that is another's.
  if claimed and claimed ~= digest then
    return nil, refuse(400, "BAD_REQUEST", "sha256Hash is not that of the query")
  end
  if plan.persisted[digest] then return true end
  if conf.persisted_only then return nil, refuse(403, "PERSISTED_QUERY_ONLY", "this query is not on the list") end
  return false
end

local function check_limits(operation, conf)
  if operation.depth > conf.max_depth then return refuse(400, "DEPTH_LIMIT", "the query is nested too deep") end
  if operation.fields > conf.max_fields then return refuse(400, "FIELD_LIMIT", "the query asks for too many fields") end
  if operation.aliases > conf.max_aliases then return refuse(400, "ALIAS_LIMIT", "the query has too many aliases") end
  if operation.directives > conf.max_directives then
    return refuse(400, "DIRECTIVE_LIMIT", "the query has too many directives")
  end
  if operation.is_introspection and not conf.introspection then
    return refuse(403, "INTROSPECTION_DISABLED", "introspection is not allowed")
  end
end

-- The operation of the document that is to run.
local function choose(document, name)
  if not name or name == "" then return #document == 1 and document[1] or nil end
  local found
  for _, operation in ipairs(document) do
    if operation.name == name then
      if found then return nil end
      found = operation
    end
  end
  return found
end

local codes = { syntax = "SYNTAX", tokens = "TOKEN_LIMIT", depth = "DEPTH_LIMIT", cycle = "FRAGMENT_CYCLE" }

-- The operation that will run, nil and a refusal.
local function check(entry, is_get, conf, plan)
  local is_listed, refusal = check_persisted(entry, conf, plan)
  if is_listed == nil then return nil, refusal end
  -- The document is not here. Who put it on the list knows what it does.
  if not entry.query then return { kind = "persisted", name = entry.name } end
  local document, code, message = graphql.read(entry.query, conf.max_tokens)
  if not document then return nil, refuse(400, codes[code], message) end
  local operation = choose(document, entry.name)
  if not operation then return nil, refuse(400, "OPERATION_UNKNOWN", "which operation is to run is not clear") end
  if not plan.kinds[operation.kind] then
    return nil, refuse(403, "OPERATION_KIND", "this kind of operation is not allowed")
  end
  if is_get and operation.kind ~= "query" then
    return nil, refuse(405, "METHOD_NOT_ALLOWED", "only queries come by GET", { allow = "POST" })
  end
  depths:observe(operation.depth)
  -- All of them: who reads the name in another way must find nothing that was not looked at.
  for _, each in ipairs(is_listed and {} or document) do
    refusal = check_limits(each, conf)
    if refusal then return nil, refusal end
  end
  return operation
end

function F.on_request(req, ctx)
  local conf = ctx.conf
  local plan = prepared[conf]
  local method = req.method
  -- Asks for permission only (CORS), and runs nothing.
  if method == "OPTIONS" then return end
  local entries, refusal
  if method == "POST" then
    entries, refusal = read_post(req, conf)
  elseif method == "GET" then
    entries, refusal = read_get(req, conf)
  else
    return refuse(405, "METHOD_NOT_ALLOWED", "send GET or POST", { allow = "GET, POST" })
  end
  if not entries then return refusal end
  local checked = {}
  for index, entry in ipairs(entries) do
    local operation, problem = check(entry, method == "GET", conf, plan)
    if not operation then return problem end
    checked[index] = operation
  end
  for _, operation in ipairs(checked) do
    local name = operation.name or "anonymous"
    local is_known = not plan.names or plan.names[name]
    if not is_known or #name > OPERATION_BYTES_MAX or name:find("[^%w_]") then name = "other" end
    operations:inc(1, { operation.kind, name })
    ctx.vars.operation = #checked == 1 and name or "batch"
  end
end

return F
