-- verdict: error, killed_cpu
-- row 57: objects that are called through __call of __call
local F = { api = 1 }
function F.on_request()
    local t = setmetatable({}, {})
    getmetatable(t).__call = t
    t()
end
return F
