-- verdict: done
-- row 36: a body that is read twice and replaced
local F = { api = 1, request_body = "buffer" }
function F.on_request(req)
    local first = req:body()
    assert(first == req:body() and req:json().a[3] == 3)
    req:set_body("x")
    assert(req:body() == "x")
    assert(not pcall(req.set_body, req, ("x"):rep(1100000)))
    assert(not pcall(req.set_body, req, print))
    assert(not pcall(req.set_body, req, nil))
end
return F
