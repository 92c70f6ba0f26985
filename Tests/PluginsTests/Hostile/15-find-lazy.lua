-- verdict: killed_cpu
-- row 15: a pattern whose time grows with a high power of its subject's length
local F = { api = 1 }
function F.on_request() while true do pcall(string.find, ("a"):rep(30000), (".-"):rep(6) .. "b") end end
return F
