-- verdict: reply, error, done
-- row 51: responds in a message handler
local F = { api = 1 }
function F.on_request(req) xpcall(error, function() req:respond(204) end, "x") end
return F
