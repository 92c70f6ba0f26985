-- verdict: error
-- row 28: a coroutine of the first request goes on in the second
local kept
local F = { api = 1 }
function F.on_request(req)
    if kept then
        local ok, problem = coroutine.resume(kept)
        error(problem, 0)
    end
    kept = coroutine.create(function() coroutine.yield() return req.path end)
    coroutine.resume(kept)
end
return F
