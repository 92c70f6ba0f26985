-- verdict: done
-- row 38: replaces what our own functions call
local F = { api = 1 }
function F.on_request()
    url.encode_query = function() while true do coroutine.yield() end end
    pcall(gw.http.call, { upstream = "authz", query = { a = 1 } })
    url.encode_query = function() return "a=1\r\nx: y" end
    assert(not pcall(gw.http.call, { upstream = "authz", query = { a = 1 } }))
    url.encode_query = function() gw.sleep(1) end
    assert(not pcall(gw.http.call, { upstream = "authz", query = { a = 1 } }))
    rawset(_ENV, "url", 1)
    assert(not pcall(gw.http.call, { upstream = "authz", query = { a = 1 } }))
    rawset(_ENV, "url", nil)
end
return F
