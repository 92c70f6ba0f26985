-- verdict: error
-- row 23: two tables that ask each other
local F = { api = 1 }
function F.on_request()
    local a, b = {}, {}
    setmetatable(a, a) setmetatable(b, b)
    a.__index = b b.__index = a
    return a.x
end
return F
