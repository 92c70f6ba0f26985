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

-- Every key of the text, whatever it is written like: `{ place of its quotation mark, how }` where it is wanted.
local function find_all_keys(source, wanted, ignore_case)
  local places, how, at = {}, {}, 1
  while true do
    local start = find(source, "\"", at, true)
    if not start then return places, how end
    local stop = string_end(source, start)
    if not stop then return nil end
    local colon = find(source, "[^ \t\r\n]", stop + 1)
    if colon and byte(source, colon) == COLON then
      local key = sub(source, start + 1, stop - 1)
      if find(key, "\\", 1, true) then key = json.decode("\"" .. key .. "\"") or key end
      local entry = wanted[ignore_case and key:lower() or key]
      if entry then
        places[#places + 1] = start
        how[start] = { entry, colon }
      end
    end
    at = stop + 1
  end
end

-- The same for texts without escapes in keys, by looking for the names alone: a quotation mark, the name and another
-- one are a whole string there, since those within strings have a backslash in front.
local function find_named_keys(source, wanted, ignore_case)
  local places, how = {}, {}
  local searched = ignore_case and source:lower() or source
  for name, entry in pairs(wanted) do
    local quoted, at = "\"" .. name .. "\"", 1
    while true do
      local start, stop = find(searched, quoted, at, true)
      if not start then break end
      local colon = find(source, "[^ \t\r\n]", stop + 1)
      if colon and byte(source, colon) == COLON and byte(source, start - 1) ~= BACKSLASH then
        places[#places + 1] = start
        how[start] = { entry, colon }
      end
      at = stop
    end
  end
  table.sort(places)
  return places, how
end

-- Past so many names, one pass for all of them is faster than one for each.
local NAMES_MAX = 32

local function has_plain_names(wanted)
  local count = 0
  for name in pairs(wanted) do
    count = count + 1
    if count > NAMES_MAX or find(name, "[\"\\\0-\31/]") then return false end
  end
  return true
end

--- Replaces the values of some keys, at any depth. `wanted` has something true for each name (in small letters where
--- the case is ignored); `replace(that, value)` makes a JSON text of the value's text. What lies in other values is
--- searched. Returns nil when nothing was replaced, and nil and "broken" when the text is no JSON.
function json_text.replace_values(source, wanted, ignore_case, replace)
  -- A key with an escape: a backslash, and no further one before the quotation mark that a colon follows.
  local is_plain = has_plain_names(wanted) and not find(source, "\\[^\"\\]*\"[ \t\r\n]*:")
  local search = is_plain and find_named_keys or find_all_keys
  local places, how = search(source, wanted, ignore_case)
  if not places then return nil, "broken" end
  local pieces, kept = {}, 1
  for _, place in ipairs(places) do
    -- Within a value that was replaced there is nothing left to do.
    if place >= kept then
      local entry = how[place]
      local first = find(source, "[^ \t\r\n]", entry[2] + 1)
      local last = first and value_end(source, first)
      if not last then return nil, "broken" end
      pieces[#pieces + 1] = sub(source, kept, first - 1)
      pieces[#pieces + 1] = replace(entry[1], sub(source, first, last))
      kept = last + 1
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
