-- verdict: killed_cpu
-- row own: goto, with coroutines that hand over forever
local F = { api = 1 }
function F.on_request()
    local a = coroutine.wrap(function() ::again:: coroutine.yield() goto again end)
    ::more:: a() goto more
end
return F
