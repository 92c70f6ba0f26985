-- verdict: error, killed_cpu, killed_mem
-- row 57: the same, set after setmetatable and caught
local F = { api = 1 }
function F.on_request()
    local a, b = {}, {}
    local ma, mb = {}, {}
    setmetatable(a, ma) setmetatable(b, mb)
    ma.__call = b mb.__call = a
    while true do pcall(a) end
end
return F
