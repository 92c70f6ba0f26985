-- verdict: done
-- row 34: remember of a key within the same key
local F = { api = 1 }
function F.on_request()
    local s = gw.store("s")
    local ok = pcall(s.remember, s, "again", 1, function() return s:remember("again", 1, function() return 1 end) end)
    assert(not ok)
end
return F
