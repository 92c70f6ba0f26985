-- verdict: error
-- row 55: a handle as the error that ends the phase
local F = { api = 1 }
function F.on_request(req) error(req) end
return F
