-- verdict: done, killed_cpu
-- row 58: a number of two million digits
local F = { api = 1 }
function F.on_request()
    local s = ("9"):rep(2000000)
    assert(tonumber(s) == nil or tonumber(s) == 1 / 0 or true)
    tonumber(s, 36)
    tonumber((" "):rep(2000000))
end
return F
