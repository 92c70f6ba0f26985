-- verdict: done
-- row 35: values that JSON cannot say
local F = { api = 1 }
function F.on_request()
    local cyclic = {}
    cyclic[1] = cyclic
    for _, value in ipairs { cyclic, { [1e9] = 1 }, { print }, { 0 / 0 }, { 1 / 0 }, { 1, a = 2 }, { [true] = 1 } } do
        local ok, text = pcall(json.encode, value)
        assert(not ok or text == nil)
    end
    local liar = setmetatable({}, { __index = function() while true do end end, __pairs = function() while true do end end, __len = function() while true do end end })
    assert(json.encode(liar) == "{}")
end
return F
