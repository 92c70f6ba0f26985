-- verdict: killed_cpu, done
-- row 16: gmatch on a long subject
local F = { api = 1 }
function F.on_request()
    local s = ("a"):rep(200000)
    for _ in s:gmatch("a-b") do end
end
return F
