-- verdict: done
-- row 18: strings that would be too long
local F = { api = 1 }
function F.on_request()
    assert(not pcall(string.rep, "x", 2^31))
    assert(not pcall(string.rep, "xx", 1 << 62, "y"))
    assert(not pcall(string.rep, "x", math.maxinteger))
    assert(("x"):rep(-1) == "")
end
return F
