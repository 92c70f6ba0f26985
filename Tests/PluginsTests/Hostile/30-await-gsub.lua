-- verdict: error
-- row 30: awaits in a replacement
local F = { api = 1 }
function F.on_request() ("abc"):gsub(".", function() gw.http.call { upstream = "authz" } end) end
return F
