-- verdict: error
-- row 28: keeps the headers for the next request
local kept
local F = { api = 1 }
function F.on_request(req) if kept then kept:set("x", "1") end kept = req.headers end
return F
