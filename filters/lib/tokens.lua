-- Where personal data stands in a text. Each search goes from one candidate to the next and never reads a stretch of
-- unbounded length twice, so that a text takes time in proportion to its length, whatever is in it.
local tokens = {}

local find, sub, byte = string.find, string.sub, string.byte

--- No token is longer than this.
tokens.LENGTH_MAX = 320
-- Candidates of one text that are checked by their check digits. Past them all candidates count as found: a text made
-- to be slow is masked too much rather than too late.
local CHECKS_MAX = 200

local function passes_luhn(text)
  local sum, is_second = 0, false
  for place = #text, 1, -1 do
    local digit = byte(text, place) - 48
    if digit >= 0 and digit <= 9 then
      if is_second then
        digit = digit * 2
        if digit > 9 then digit = digit - 9 end
      end
      sum = sum + digit
      is_second = not is_second
    end
  end
  return sum % 10 == 0
end

-- ISO 7064 over the letters as numbers, first four characters last.
local function passes_mod97(text)
  local rest = 0
  for _, part in ipairs{ sub(text, 5), sub(text, 1, 4) } do
    for place = 1, #part do
      local code = byte(part, place)
      if code >= 65 then
        rest = (rest * 100 + code - 55) % 97
      elseif code >= 48 then
        rest = (rest * 10 + code - 48) % 97
      end
    end
  end
  return rest == 1
end

local searches = {}

local LOCAL_BYTES_MAX = 64

function searches.email(text, found)
  local after = 1
  local at = find(text, "@[%w.-]+%.%a%a")
  while at do
    -- Backwards from the sign: a name is short, so that a long run of its letters is not read again for each sign.
    local before = sub(text, math.max(after, at - LOCAL_BYTES_MAX), at - 1):reverse()
    local _, length = find(before, "^[%w._%%+-]+")
    if length then
      local _, last = find(text, "^[%w.-]+%.%a%a+", at + 1)
      found[#found + 1] = { at - length, last, "email" }
      after = last + 1
      at = find(text, "@[%w.-]+%.%a%a", after)
    else
      at = find(text, "@[%w.-]+%.%a%a", at + 1)
    end
  end
end

-- The last digit of the groups that begin at `first`: four times four, or four, six and five.
local function end_of_groups(text, first)
  local _, last = find(text, "^%d%d%d%d[ -]%d%d%d%d[ -]%d%d%d%d[ -]%d%d%d%d%f[%D]", first)
  if last then return last end
  _, last = find(text, "^%d%d%d%d[ -]%d%d%d%d%d%d[ -]%d%d%d%d%d%f[%D]", first)
  return last
end

function searches.card(text, found, checks)
  local first = find(text, "%d%d%d%d")
  while first do
    local _, run_end = find(text, "^%d+", first)
    local length, last = run_end - first + 1, nil
    if length >= 13 and length <= 19 then
      last = run_end
    elseif length == 4 then
      last = end_of_groups(text, first)
    end
    local after = run_end + 1
    if last then
      checks.left = checks.left - 1
      if checks.left < 0 or passes_luhn(sub(text, first, last)) then
        found[#found + 1] = { first, last, "card" }
        after = last + 1
      end
    end
    -- Behind the first group: the groups may belong together in another way, as in 2223 4111 1111 1111 1111.
    first = find(text, "%d%d%d%d", after)
  end
end

-- The country and its check digits, then 11 to 30 letters and digits, in groups of four or in one.
function searches.iban(text, found, checks)
  local first = find(text, "%u%u%d%d[ %u%d]")
  while first do
    local after, length, _ = first + 4, nil, nil
    local stretch = sub(text, first, first + 41)
    if first == 1 or not find(text, "^%w", first - 1) then
      _, length = find(stretch, byte(stretch, 5) == 32 and "^[%u%d ]+" or "^[%u%d]+")
      checks.left = checks.left - 1
    end
    -- Shorter and shorter, since a word in capitals may follow.
    while length and length >= 15 do
      local candidate = sub(stretch, 1, length)
      local compact = candidate:gsub(" ", "")
      local is_whole = byte(candidate, -1) ~= 32 and not find(stretch, "^%w", length + 1)
      if checks.left < 0 or (is_whole and #compact >= 15 and #compact <= 34 and passes_mod97(compact)) then
        found[#found + 1] = { first, first + length - 1, "iban" }
        after = first + length
        break
      end
      local space = find(candidate, " [^ ]*$")
      length = space and space - 1
    end
    first = find(text, "%u%u%d%d[ %u%d]", after)
  end
end

local function search_prefix(text, prefix, found)
  local first, last = find(text, prefix, 1, true)
  while first do
    local _, stop = find(text, "^[%w_-]+", last + 1)
    if stop then found[#found + 1] = { first, stop, "key" } end
    first, last = find(text, prefix, (stop or last) + 1, true)
  end
end

-- Two lists in order become one; what overlaps becomes one span.
local function merge(left, right)
  if #left == 0 then return right end
  if #right == 0 then return left end
  local merged, count, i, j = {}, 0, 1, 1
  while left[i] or right[j] do
    local span
    if not right[j] or (left[i] and left[i][1] <= right[j][1]) then
      span, i = left[i], i + 1
    else
      span, j = right[j], j + 1
    end
    local last = merged[count]
    if last and span[1] <= last[2] then
      if span[2] > last[2] then last[2] = span[2] end
    else
      count = count + 1
      merged[count] = span
    end
  end
  return merged
end

--- All tokens of a text by their place, without overlaps: `{ first, last, kind }`.
function tokens.find_all(text, kinds, prefixes)
  local all, checks = {}, { left = CHECKS_MAX }
  for _, kind in ipairs(kinds) do
    local found = {}
    searches[kind](text, found, checks)
    all = merge(all, found)
  end
  for _, prefix in ipairs(prefixes) do
    local found = {}
    search_prefix(text, prefix, found)
    all = merge(all, found)
  end
  return all
end

return tokens
