-- verdict: done
-- row 31: requests that are none
local F = { api = 1 }
function F.on_request()
    local bad = { {}, { upstream = 1 }, { upstream = "authz", path = "x" }, { upstream = "authz", path = "/a b" }, { upstream = "authz", path = "/a\r\nx: y" },
        { upstream = "authz", method = "GET /x HTTP/1.1\r\nx: y" }, { upstream = "authz", method = "" }, { upstream = "authz", method = 1 },
        { upstream = "authz", headers = { ["x\r\n"] = "1" } }, { upstream = "authz", headers = { x = "1\r\ny: z" } },
        { upstream = "authz", headers = { ["content-length"] = "1" } }, { upstream = "authz", headers = { [1] = "x" } },
        { upstream = "authz", headers = "x" }, { upstream = "authz", body = print }, { upstream = "authz", path = "/" .. ("x"):rep(9000) },
        { upstream = "authz", surprise = 1 }, { upstream = "nobody" } }
    for index, request in ipairs(bad) do assert(not pcall(gw.http.call, request), index) end
    for _, value in ipairs { 1, "x", print, false } do assert(not pcall(gw.http.call, value)) assert(not pcall(gw.http.all, value)) end
    local many = {}
    for i = 1, 17 do many[i] = { upstream = "authz" } end
    assert(not pcall(gw.http.all, many))
    assert(#gw.http.all {} == 0)
end
return F
