-- verdict: error
-- row 28: keeps the request for the next one
local kept
local F = { api = 1 }
function F.on_request(req) if kept then return kept.path end kept = req end
return F
