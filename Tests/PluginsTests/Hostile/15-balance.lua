-- verdict: killed_cpu, done
-- row 15: %b and %f on long subjects
local F = { api = 1 }
function F.on_request()
    local s = ("("):rep(200000)
    for _ = 1, 1000 do pcall(string.find, s, "%b()") pcall(string.find, s, "%f[%a]x") end
end
return F
