-- verdict: done
-- row 36: two iterators over one body, and the chunk of one while the other goes on
local F = { api = 1, request_body = "stream" }
function F.on_request(req)
    local a, b = req:body_chunks(), req:body_chunks()
    local first = a()
    local second = b()
    assert(not pcall(function() return first:bytes() end))
    assert(#second:bytes() > 0)
    assert(a() and not b() and not a())
    assert(req.path == "/a/b")
end
return F
