-- verdict: done, killed_cpu, killed_mem
-- row 58: prints hundreds of long strings at once
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 250 do t[i] = ("x"):rep(2000) end
    local s = ("x"):rep(2000000)
    for i = 1, 250 do t[i] = s end
    for _ = 1, 1000 do print(table.unpack(t)) end
end
return F
