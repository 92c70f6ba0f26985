-- verdict: done
-- row 30: a coroutine that awaits is handed to the next request, and cannot be resumed there
local kept
local F = { api = 1 }
function F.on_request()
    if kept then
        assert(coroutine.status(kept) == "dead")
        assert(not coroutine.resume(kept))
        return
    end
    kept = coroutine.create(function() assert(gw.http.call { upstream = "authz", path = "/x" }) end)
    assert(coroutine.resume(kept))
end
return F
