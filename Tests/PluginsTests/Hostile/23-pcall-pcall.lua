-- verdict: done, error, killed_cpu
-- row 23: pcall of pcall of pcall
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 200 do t[i] = pcall end
    for _ = 1, 100 do pcall(table.unpack(t)) end
    local function nest(n) if n > 0 then return pcall(nest, n - 1) end error("x") end
    nest(1000)
end
return F
