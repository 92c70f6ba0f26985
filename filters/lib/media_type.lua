-- Content-Type fields: the type itself, and parameters.
local media_type = {}

--- `application/json` of `Application/JSON; charset=utf-8`; nil without one.
function media_type.of(field)
  if not field then return nil end
  local stop = field:find(";", 1, true)
  return text.trim(field:sub(1, stop and stop - 1 or -1)):lower()
end

--- Whether the type is JSON, also as `application/problem+json`.
function media_type.is_json(kind)
  return kind == "application/json" or kind == "text/json" or (kind ~= nil and kind:sub(-5) == "+json")
end

--- Whether the field names no charset but UTF-8.
function media_type.is_utf8(field)
  local pieces = text.split(field, ";", 16)
  for index = 2, #pieces do
    local piece = text.trim(pieces[index]):lower()
    if piece:sub(1, 8) == "charset=" then
      local charset = piece:sub(9)
      if charset ~= "utf-8" and charset ~= "\"utf-8\"" and charset ~= "utf8" then return false end
    end
  end
  return true
end

--- Whether a body stands there as it is meant, without compression.
function media_type.is_plain(content_encoding)
  if not content_encoding then return true end
  local encoding = text.trim(content_encoding):lower()
  return encoding == "" or encoding == "identity"
end

return media_type
