-- verdict: done
-- row 36: depths that are none, before and after the body has come
local F = { api = 1, request_body = "buffer" }
function F.on_request(req)
    for _, depth in ipairs { 0, -1, 129, math.maxinteger, 2^53, 1.5 } do assert(not pcall(req.json, req, depth), depth) end
    assert(not req:json(1))
    assert(req:json(2).a[1] == 1)
end
return F
