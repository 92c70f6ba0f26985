-- verdict: done
-- row 31: a million requests that nobody waits for
local F = { api = 1 }
function F.on_request()
    local refused
    for _ = 1, 1000 do
        local ok, problem = gw.http.send { upstream = "authz" }
        if not ok then refused = problem end
    end
    assert(refused == "limit")
end
return F
