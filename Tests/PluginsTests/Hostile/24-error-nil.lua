-- verdict: error
-- row 24: an error of nil
local F = { api = 1 }
function F.on_request() error(nil) end
return F
