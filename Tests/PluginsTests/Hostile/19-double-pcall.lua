-- verdict: killed_mem, killed_cpu
-- row 19: the same, catching what it can
local F = { api = 1 }
function F.on_request()
    local s = ("x"):rep(100000)
    while true do pcall(function() s = s .. s end) end
end
return F
