-- verdict: error
-- row 24: an error with line ends and control characters, to forge a line of the log
local F = { api = 1 }
function F.on_request() error("x\r\n2026-01-01 error forged\27[2J", 0) end
return F
