-- verdict: done
-- row 66: query parameters with odd names and values
local F = { api = 1 }
function F.on_request(req)
    assert(req:arg("a") == "1" and req:args().a[2] == "3 x")
    req:set_arg("a", "x\r\ny&z=1")
    assert(not req.query:find("[\r\n]") and req:arg("a") == "x\r\ny&z=1" and req:arg("z") == nil)
    req:set_arg("a", nil)
    assert(req:arg("a") == nil and req:arg("b") == "2")
    req:set_arg("", "empty")
    assert(not pcall(req.set_arg, req, {}, "x"))
    assert(not pcall(req.set_arg, req, "x", {}))
    for _ = 1, 3 do pcall(req.reroute, req) end
    assert(not pcall(req.reroute, req))
    assert(not pcall(req.set_arg, req, "big", ("x"):rep(100000)))
end
return F
