-- verdict: error
-- row 51: responds when everything has been sent
local kept
local F = { api = 1 }
function F.on_request(req) kept = req end
function F.on_log() kept:respond(200) end
return F
