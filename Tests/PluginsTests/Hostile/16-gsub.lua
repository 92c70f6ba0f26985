-- verdict: killed_cpu, done
-- row 16: gsub on a long subject
local F = { api = 1 }
function F.on_request() (("a"):rep(200000)):gsub("(a*)b", "") end
return F
