-- GraphQL documents (October 2021) as far as their size goes: operations, and what each of them asks for with its
-- fragments followed. Takes one pass over the text and one over the fragments, whatever the document says.
local graphql = {}

local find, byte, sub = string.find, string.byte, string.sub

local NESTING_MAX = 64
-- Sums stay here: fragments that use fragments double with each step.
local COUNT_MAX = 1000000
local NAME_BYTES_MAX = 128

-- Marks what is raised here and caught in `read`.
local REFUSAL = {}
local function fail(code, message) error({ REFUSAL, code = code, message = message }, 0) end

-- MARK: Words

local punctuation = {}
for character in ("!$&()=:@[]{}|"):gmatch(".") do punctuation[byte(character)] = character end

local function read_string(source, at)
  if sub(source, at, at + 2) == "\"\"\"" then
    local stop = at + 3
    while true do
      stop = find(source, "\"\"\"", stop, true)
      if not stop then fail("syntax", "a block string does not end") end
      if byte(source, stop - 1) ~= 92 then return stop + 3 end
      stop = stop + 3
    end
  end
  local stop = at
  while true do
    stop = find(source, "[\"\\\r\n]", stop + 1)
    local found = stop and byte(source, stop)
    if found == 34 then return stop + 1 end
    if found ~= 92 then fail("syntax", "a string does not end") end
    stop = stop + 1
  end
end

local function read_number(source, at)
  local _, stop = find(source, "^-?%d+", at)
  if not stop then fail("syntax", "an unexpected character") end
  local _, more = find(source, "^%.%d+", stop + 1)
  stop = more or stop
  _, more = find(source, "^[eE][+-]?%d+", stop + 1)
  stop = more or stop
  if find(source, "^[%w_.]", stop + 1) then fail("syntax", "a number is followed by a letter") end
  return stop + 1
end

-- The words of a document: names as they are, punctuation, and `0` for values that need no looking at.
local function read_words(source, words_max)
  local words, count = {}, 0
  local at = sub(source, 1, 3) == "\239\187\191" and 4 or 1
  while true do
    at = find(source, "[^ \t\r\n,]", at)
    if not at then return words end
    local first = byte(source, at)
    if first == 35 then
      at = find(source, "[\r\n]", at)
      if not at then return words end
    else
      local word = punctuation[first]
      if word then
        at = at + 1
      elseif find(source, "^[%a_]", at) then
        local _, stop = find(source, "^[%w_]+", at)
        if stop - at >= NAME_BYTES_MAX then fail("syntax", "a name is too long") end
        word, at = sub(source, at, stop), stop + 1
      elseif first == 34 then
        word, at = "0", read_string(source, at)
      elseif sub(source, at, at + 2) == "..." then
        word, at = "...", at + 3
      else
        word, at = "0", read_number(source, at)
      end
      count = count + 1
      if count > words_max then fail("tokens", "the document has too many tokens") end
      words[count] = word
    end
  end
end

-- MARK: Documents

local closers = { ["("] = ")", ["["] = "]", ["{"] = "}" }
local is_closer = { [")"] = true, ["]"] = true, ["}"] = true }

local function is_name(word) return word ~= nil and find(word, "^[%a_]") ~= nil end

local function new_part() return { depth = 0, fields = 0, aliases = 0, directives = 0, spreads = {} } end

-- Reads what begins at `at`; returns where it ends.
local Reader = {}
Reader.__index = Reader

function Reader:take()
  local word = self.words[self.at]
  if not word then fail("syntax", "the document ends too early") end
  self.at = self.at + 1
  return word
end

function Reader:take_name()
  local word = self:take()
  if not is_name(word) then fail("syntax", "a name is missing") end
  return word
end

function Reader:peek() return self.words[self.at] end

-- From an opening bracket to the one that closes it: arguments, or declarations of variables.
function Reader:skip_brackets(part)
  local open = {}
  repeat
    local word = self:take()
    if closers[word] then
      if #open >= NESTING_MAX then fail("depth", "values are nested too deep") end
      open[#open + 1] = closers[word]
    elseif is_closer[word] then
      if open[#open] ~= word then fail("syntax", "brackets do not match") end
      open[#open] = nil
    elseif word == "@" then
      part.directives = part.directives + 1
    end
  until #open == 0
end

function Reader:skip_directives(part)
  while self:peek() == "@" do
    self.at = self.at + 1
    self:take_name()
    part.directives = part.directives + 1
    if self:peek() == "(" then self:skip_brackets(part) end
  end
end

function Reader:read_field(part, level)
  local name = self:take_name()
  if self:peek() == ":" then
    self.at = self.at + 1
    part.aliases = part.aliases + 1
    name = self:take_name()
  end
  part.fields = part.fields + 1
  if name == "__schema" or name == "__type" then part.is_introspection = true end
  if self:peek() == "(" then self:skip_brackets(part) end
  self:skip_directives(part)
  if self:peek() == "{" then self:read_selections(part, level + 1) end
end

function Reader:read_spread(part, level)
  local word = self:peek()
  if is_name(word) and word ~= "on" then
    part.spreads[#part.spreads + 1] = { word, level }
    self.at = self.at + 1
    self:skip_directives(part)
    return
  end
  if word == "on" then
    self.at = self.at + 1
    self:take_name()
  end
  self:skip_directives(part)
  -- The fields of an inline fragment stand where it stands.
  self.inline = self.inline + 1
  self:read_selections(part, level)
  self.inline = self.inline - 1
end

function Reader:read_selections(part, level)
  if level + self.inline > NESTING_MAX then fail("depth", "the document is nested too deep") end
  if self:take() ~= "{" then fail("syntax", "a selection is missing") end
  if level > part.depth then part.depth = level end
  local is_empty = true
  while self:peek() ~= "}" do
    is_empty = false
    if self:peek() == "..." then
      self.at = self.at + 1
      self:read_spread(part, level)
    else
      self:read_field(part, level)
    end
  end
  if is_empty then fail("syntax", "a selection is empty") end
  self.at = self.at + 1
end

local kinds = { query = true, mutation = true, subscription = true }

function Reader:read_document()
  local operations, fragments = {}, {}
  while self:peek() do
    local part, word = new_part(), self:peek()
    if word == "{" then
      part.kind = "query"
    else
      self.at = self.at + 1
      if kinds[word] then
        part.kind = word
        if is_name(self:peek()) then part.name = self:take() end
        if self:peek() == "(" then self:skip_brackets(part) end
      elseif word == "fragment" then
        local name = self:take_name()
        if name == "on" or fragments[name] then fail("syntax", "a fragment's name is taken") end
        fragments[name] = part
        if self:take() ~= "on" then fail("syntax", "a fragment names no type") end
        self:take_name()
      else
        fail("syntax", "only operations and fragments are expected")
      end
      self:skip_directives(part)
    end
    self:read_selections(part, 1)
    if part.kind then operations[#operations + 1] = part end
  end
  return operations, fragments
end

-- MARK: Fragments

local function limited(sum) return sum < COUNT_MAX and sum or COUNT_MAX end

-- Adds to a part what its fragments bring; each part is done once.
local function follow(part, fragments)
  if part.is_followed then return end
  if part.is_open then fail("cycle", "fragments use each other in a circle") end
  part.is_open = true
  for _, spread in ipairs(part.spreads) do
    local fragment = fragments[spread[1]]
    if not fragment then fail("syntax", "a fragment is not defined") end
    follow(fragment, fragments)
    part.depth = limited(math.max(part.depth, spread[2] - 1 + fragment.depth))
    part.fields = limited(part.fields + fragment.fields)
    part.aliases = limited(part.aliases + fragment.aliases)
    part.directives = limited(part.directives + fragment.directives)
    part.is_introspection = part.is_introspection or fragment.is_introspection
  end
  part.is_open, part.is_followed = nil, true
end

--- The operations of a document: `{ kind, name, depth, fields, aliases, directives, is_introspection }`; nil, a code
--- ("syntax", "tokens", "depth", "cycle") and a message when it is refused.
function graphql.read(source, words_max)
  local is_read, result = pcall(function()
    local reader = setmetatable({ words = read_words(source, words_max), at = 1, inline = 0 }, Reader)
    local operations, fragments = reader:read_document()
    if #operations == 0 then fail("syntax", "the document has no operation") end
    for _, operation in ipairs(operations) do follow(operation, fragments) end
    return operations
  end)
  if is_read then return result end
  if type(result) ~= "table" or result[1] ~= REFUSAL then error(result, 0) end
  return nil, result.code, result.message
end

return graphql
