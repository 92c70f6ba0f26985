-- verdict: error
-- row 30: awaits in __tostring
local F = { api = 1 }
function F.on_request() tostring(setmetatable({}, { __tostring = function() gw.sleep(1) return "x" end })) end
return F
