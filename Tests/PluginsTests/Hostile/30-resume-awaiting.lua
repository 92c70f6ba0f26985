-- verdict: done
-- row 30: the response phase resumes what the request phase awaits
local first, inner
local F = { api = 1 }
function F.on_request(req, ctx)
    if not first then
        first = coroutine.running()
        inner = coroutine.wrap(function() gw.sleep(5) return 1 end)
        assert(inner() == 1)
    else
        assert(not coroutine.resume(first))
    end
end
return F
