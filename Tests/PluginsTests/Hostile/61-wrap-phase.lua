-- verdict: done, error
-- row 61: a phase that is a wrapped coroutine
local F = { api = 1 }
F.on_request = coroutine.wrap(function(req, ctx)
    while true do
        assert(req.path == "/a/b")
        gw.sleep(1)
        req, ctx = coroutine.yield()
    end
end)
return F
