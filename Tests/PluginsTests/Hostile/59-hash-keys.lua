-- verdict: done, killed_cpu, killed_mem
-- row 59: long keys that share what a hash could look at
local F = { api = 1 }
function F.on_request()
    local t, base = {}, ("a"):rep(10000)
    for i = 1, 500 do t[base .. i] = i end
    for i = 1, 500 do assert(t[base .. i] == i) end
end
return F
