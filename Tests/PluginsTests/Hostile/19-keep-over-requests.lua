-- verdict: killed_mem, killed_cpu
-- row 19: a leak at load, a little more at each step
local kept = {}
local F = { api = 1 }
function F.on_request() for i = 1, 60 do kept[#kept + 1] = ("x"):rep(100000) .. i end end
return F
