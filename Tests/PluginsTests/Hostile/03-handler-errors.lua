-- verdict: done, error, killed_cpu
-- row 3: a message handler that raises forever
local F = { api = 1 }
local function handler() error("again") end
function F.on_request() for _ = 1, 100 do xpcall(error, handler, "x") end end
return F
