-- verdict: killed_mem, error, killed_cpu
-- row 19: doubles a string forever
local F = { api = 1 }
function F.on_request() local s = "xxxxxxxxxxxxxxxx" while true do s = s .. s end end
return F
