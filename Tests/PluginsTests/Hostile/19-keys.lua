-- verdict: killed_mem, killed_cpu
-- row 19: fills a table with keys
local F = { api = 1 }
function F.on_request() local t, i = {}, 0 while true do i = i + 1 t["k" .. i] = true end end
return F
