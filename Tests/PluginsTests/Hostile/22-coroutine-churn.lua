-- verdict: killed_cpu, done
-- row 22: coroutines that are dropped at once
local F = { api = 1 }
function F.on_request()
    for _ = 1, 20000 do coroutine.resume(coroutine.create(function() coroutine.yield() end)) end
end
return F
