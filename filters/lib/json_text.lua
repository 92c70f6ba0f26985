-- JSON as text: for filters that must not change a byte beside what they look for. The text has to be valid JSON
-- (`json.decode` accepted it); each function takes one pass.
local json_text = {}

local find, byte, sub = string.find, string.byte, string.sub
local QUOTE, BACKSLASH, COLON, OPEN_BRACE, OPEN_BRACKET = 34, 92, 58, 123, 91

-- The place of the quotation mark that ends the string which begins at `at`.
local function string_end(source, at)
  local stop = at
  while true do
    stop = find(source, "[\"\\]", stop + 1)
    if not stop then return nil end
    if byte(source, stop) == QUOTE then return stop end
    stop = stop + 1
  end
end

-- The last byte of the value that begins at `at`.
local function value_end(source, at)
  local first = byte(source, at)
  if first == QUOTE then return string_end(source, at) end
  if first ~= OPEN_BRACE and first ~= OPEN_BRACKET then
    local stop = find(source, "[%s,%]}]", at)
    return stop and stop - 1 or #source
  end
  local depth, place = 0, at
  while true do
    place = find(source, "[\"%[%]{}]", place)
    if not place then return nil end
    local found = byte(source, place)
    if found == QUOTE then
      place = string_end(source, place)
      if not place then return nil end
    elseif found == OPEN_BRACE or found == OPEN_BRACKET then
      depth = depth + 1
    else
      depth = depth - 1
      if depth == 0 then return place end
    end
    place = place + 1
  end
end

--- Replaces the values of some keys, at any depth. `wanted(key)` says, with something true, whether the key's value is
--- to be replaced; then `replace(that, value)` makes a JSON text of the value's text. What lies in other values is
--- searched. Returns nil when nothing was replaced, and nil and "broken" when the text is no JSON.
function json_text.replace_values(source, wanted, replace)
  local pieces, kept, at = {}, 1, 1
  while true do
    local start = find(source, "\"", at, true)
    if not start then break end
    local stop = string_end(source, start)
    if not stop then return nil, "broken" end
    local colon = find(source, "[^ \t\r\n]", stop + 1)
    if colon and byte(source, colon) == COLON then
      local key = sub(source, start + 1, stop - 1)
      if find(key, "\\", 1, true) then key = json.decode("\"" .. key .. "\"") or key end
      local how = wanted(key)
      at = colon + 1
      if how then
        local first = find(source, "[^ \t\r\n]", at)
        -- Only here: looking for the end of every value would read nested ones again and again.
        local last = first and value_end(source, first)
        if not last then return nil, "broken" end
        pieces[#pieces + 1] = sub(source, kept, first - 1)
        pieces[#pieces + 1] = replace(how, sub(source, first, last))
        kept = last + 1
        at = kept
      end
    else
      at = stop + 1
    end
  end
  if kept == 1 then return nil end
  pieces[#pieces + 1] = sub(source, kept)
  return table.concat(pieces)
end

local function count_members(value)
  if type(value) ~= "table" then return 0 end
  local count, is_list = 0, #value > 0
  for _, member in pairs(value) do
    if not is_list then count = count + 1 end
    if type(member) == "table" then count = count + count_members(member) end
  end
  return count
end

--- Whether some object of the text has a key twice. Readers disagree on which of both counts, so that a check of one
--- of them says nothing about the other. `decoded` is what `json.decode` made of the text.
function json_text.has_duplicates(source, decoded)
  local count, at = 0, 1
  while true do
    local place = find(source, "[\":]", at)
    if not place then break end
    if byte(source, place) == QUOTE then
      place = string_end(source, place)
      if not place then return true end
    else
      count = count + 1
    end
    at = place + 1
  end
  return count ~= count_members(decoded)
end

return json_text
