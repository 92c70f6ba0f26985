-- Header fields that carry identities: names, values, and copies that clients send themselves.
local fields = {}

-- What req.headers refuses; said at start, not at the first request.
local refused = {}
for _, name in ipairs{ "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
                       "te", "trailer", "upgrade", "proxy-authenticate", "proxy-authorization", "expect" } do
  refused[name] = true
end

--- Some servers read `x_user` as `x-user`: both are one name here.
function fields.normal(name) return (name:lower():gsub("_", "-")) end

--- Raises when a filter cannot set that field.
function fields.check(name)
  if refused[name:lower()] then error("the header \"" .. name .. "\" belongs to the gateway and cannot be set", 0) end
end

--- Removes every field whose normal name is a key of `names`.
function fields.drop(headers, names)
  for name in headers:pairs() do
    if names[fields.normal(name)] then headers:remove(name) end
  end
end

--- Whether a text may be sent as a field: short, not empty, no control characters.
function fields.is_value(value, max_bytes)
  return #value > 0 and #value <= max_bytes and not value:find("[\0-\31\127]")
end

--- A scalar as a field's text; nil for tables, null and numbers that are none.
function fields.text(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "number" or value ~= value or value == math.huge or value == -math.huge then return nil end
  if math.type(value) == "float" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return string.format("%d", value)
  end
  return tostring(value)
end

return fields
