-- verdict: killed_cpu
-- row 12: a replacement that never ends
local F = { api = 1 }
function F.on_request() while true do pcall(string.gsub, "aaaa", "a", function() while true do end end) end end
return F
