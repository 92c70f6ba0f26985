-- verdict: error, killed_cpu
-- row 24: an error of two megabytes
local F = { api = 1 }
function F.on_request() error(("x"):rep(2000000)) end
return F
