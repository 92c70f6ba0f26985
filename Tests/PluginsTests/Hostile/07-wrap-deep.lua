-- verdict: error
-- row 7: coroutines nested deeper than they may
local F = { api = 1 }
local function deep(n) coroutine.wrap(deep)(n + 1) end
function F.on_request() deep(0) end
return F
