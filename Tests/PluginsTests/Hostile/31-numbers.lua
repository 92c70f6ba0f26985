-- verdict: done
-- row 31: numbers that are none, everywhere
local F = { api = 1 }
function F.on_request(req, ctx)
    for _, n in ipairs { -1, 1e18, 0 / 0, 1 / 0, -1 / 0, math.maxinteger, math.mininteger, 2^63, -0.5 } do
        assert(not pcall(gw.sleep, n), n)
        assert(not pcall(gw.reply, n), n)
        assert(not pcall(req.set_timeout, req, n), n)
        assert(not pcall(gw.http.call, { upstream = "authz", timeout_ms = n }), n)
        assert(not pcall(gw.http.call, { upstream = "authz", max_body = n }), n)
        assert(not pcall(gw.http.call, { upstream = "authz", retries = n }), n)
    end
end
return F
