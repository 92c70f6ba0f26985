-- verdict: killed_mem, killed_cpu
-- row 19: fills an array
local F = { api = 1 }
function F.on_request() local t = {} while true do t[#t + 1] = {} end end
return F
