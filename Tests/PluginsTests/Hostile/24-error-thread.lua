-- verdict: error
-- row 24: an error that is a coroutine
local F = { api = 1 }
function F.on_request() error(coroutine.create(print)) end
return F
