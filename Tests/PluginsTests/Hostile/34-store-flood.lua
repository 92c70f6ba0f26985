-- verdict: done, killed_cpu
-- row 34: more than the store holds
local F = { api = 1 }
function F.on_request()
    local s = gw.store("s")
    local value, refused = ("x"):rep(60000), nil
    for i = 1, 100 do
        local ok, problem = s:set("k" .. i, value)
        if not ok then refused = problem end
    end
    assert(refused == "no_memory", refused)
end
return F
