-- verdict: killed_mem, killed_cpu
-- row 20: near the cap, then one refusal after the other
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 15 do t[i] = ("x"):rep(500000) .. i end
    while true do pcall(string.rep, "y", 500000) end
end
return F
