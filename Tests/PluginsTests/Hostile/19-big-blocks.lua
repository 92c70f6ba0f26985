-- verdict: killed_mem, killed_cpu
-- row 19: large strings, kept
local F = { api = 1 }
function F.on_request() local t = {} for i = 1, 100 do t[i] = ("x"):rep(1000000) .. i end end
return F
